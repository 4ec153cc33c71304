using Noded.Linux.Events;
using Noded.Linux.Processes;

namespace Noded.Linux.Tests.Processes;

public sealed class DetachedProcessTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Output => Path.Combine(_directory.FullName, "log");

    [Fact]
    public async Task Start_Shell_HasItsOwnSessionAndNoInput()
    {
        int pid = 0;

        ExitStatus? exit = await RunAsync(
            "read x; echo input=$?; cut -d' ' -f6 /proc/$$/stat; echo $PATH >&2", started => pid = started);

        Assert.Equal(new ExitStatus(0, false), exit);
        Assert.Equal($"input=1\n{pid}\n/usr/bin:/bin\n", await File.ReadAllTextAsync(Output, Token));
    }

    [Fact]
    public async Task Start_OutputExists_AppendsAndKeepsNewOnesPrivate()
    {
        await RunAsync("echo one");
        await RunAsync("echo two");

        Assert.Equal("one\ntwo\n", await File.ReadAllTextAsync(Output, Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Output));
    }

    [Fact]
    public async Task Start_SigPipe_HasItsDefault() =>
        Assert.Equal(new ExitStatus(13, true), await RunAsync("kill -PIPE $$"));

    [Fact]
    public async Task WaitForExitAsync_ExitCodeAndSignal_AreTold()
    {
        Assert.Equal(new ExitStatus(7, false), await RunAsync("exit 7"));
        Assert.Equal(new ExitStatus(9, true), await RunAsync("kill -KILL $$"));
    }

    [Fact]
    public void Start_MissingProgram_IsAnErrorThatNamesIt()
    {
        LinuxException error = Assert.Throws<LinuxException>(
            () => DetachedProcess.Start("/none", [], new Dictionary<string, string>(), Output));

        Assert.Equal(2, error.Errno);
        Assert.Contains("/none", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessIdentity_OfAProcess_LastsAsLongAsIt()
    {
        string file = Path.Combine(_directory.FullName, "pid");
        int pid = Start("sleep 1000");
        using PidFd process = PidFd.Open(pid);
        ProcessIdentity identity = ProcessIdentity.TryRead(pid)!.Value;
        identity.WriteTo(file);
        Assert.Equal(identity, ProcessIdentity.TryReadAlive(file));
        (identity with { StartTime = identity.StartTime + 1 }).WriteTo(file + "2");
        Assert.Null(ProcessIdentity.TryReadAlive(file + "2"));
        (identity with { BootId = Guid.NewGuid().ToString() }).WriteTo(file + "3");
        Assert.Null(ProcessIdentity.TryReadAlive(file + "3"));

        Assert.True(process.Signal(9));
        await process.WaitForExitAsync(_reactor, Token);

        Assert.Null(ProcessIdentity.TryReadAlive(file));
        Assert.False(process.Signal(9));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x y")]
    [InlineData("1")]
    [InlineData("1 2")]
    [InlineData("1 2 3 4")]
    public void TryReadAlive_DamagedFile_IsNull(string content)
    {
        File.WriteAllText(Output, content);

        Assert.Null(ProcessIdentity.TryReadAlive(Output));
        Assert.Null(ProcessIdentity.TryReadAlive(Output + ".none"));
    }

    public void Dispose()
    {
        _reactor.Dispose();
        _directory.Delete(recursive: true);
    }

    private int Start(string script) => DetachedProcess.Start(
        "/bin/sh", ["-c", script], new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" }, Output);

    private async Task<ExitStatus?> RunAsync(string script, Action<int>? started = null)
    {
        int pid = Start(script);
        started?.Invoke(pid);
        using PidFd process = PidFd.Open(pid);
        return await process.WaitForExitAsync(_reactor, Token);
    }
}
