using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Net.Client;
using Noded.Linux.Cgroups;
using Noded.Linux.Events;
using Noded.Linux.Processes;
using Noded.Protocols.Grpc.Health.V1;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Images;

/// <summary>The program of the test image, run on this machine: what probes and Services will be tested with.</summary>
[Trait("Category", "Integration")]
public sealed class TestImageTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task GrpcHealth_ManyChecksOnOneChannel_AreServing()
    {
        await using ChildProcess server = await ServeAsync("--grpc", "0");
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://127.0.0.1:{await PortAsync(server)}");
        Health.HealthClient health = new(channel);

        // More bytes than HTTP/2's first window holds: the server has to give it back.
        string service = new('s', 8000);
        for (int check = 0; check < 20; check++)
        {
            HealthCheckRequest request = new() { Service = service };
            HealthCheckResponse response = await health.CheckAsync(request, cancellationToken: Token);

            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, response.Status);
        }
    }

    [Fact]
    public async Task GrpcHealth_ChecksAtTheSameTime_AreAllAnswered()
    {
        await using ChildProcess server = await ServeAsync("--grpc", "0");
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://127.0.0.1:{await PortAsync(server)}");
        Health.HealthClient health = new(channel);

        HealthCheckResponse[] responses = await Task.WhenAll(Enumerable.Range(0, 50)
            .Select(_ => health.CheckAsync(new HealthCheckRequest(), cancellationToken: Token).ResponseAsync));

        Assert.All(responses, response => Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, response.Status));
    }

    [Fact]
    public async Task Health_FailAsked_SwitchesHttpAndGrpc()
    {
        await using ChildProcess server = await ServeAsync("--http", "0", "--grpc", "0");
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{await PortAsync(server)}") };
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://127.0.0.1:{await PortAsync(server)}");

        await http.GetStringAsync("/health/fail", Token);
        using HttpResponseMessage probe = await http.GetAsync("/health", Token);
        HealthCheckResponse check =
            await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), cancellationToken: Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, probe.StatusCode);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, check.Status);
    }

    [Fact]
    public async Task Http_PathsWithAMeaning_AnswerAccordingly()
    {
        await using ChildProcess server = await ServeAsync("--http", "0");
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{await PortAsync(server)}") };

        string root = await http.GetStringAsync("/some/path?query", Token);
        using HttpResponseMessage status = await http.GetAsync("/status/418", Token);
        string mounts = await http.GetStringAsync("/mounts", Token);
        await http.GetStringAsync("/exit/5", Token);

        Assert.StartsWith($"hostname {Environment.MachineName}\npath /some/path\nclient 127.0.0.1 ", root, StringComparison.Ordinal);
        Assert.Equal(418, (int)status.StatusCode);
        Assert.Contains(" / / ", mounts, StringComparison.Ordinal);
        Assert.Equal(5, await server.WaitForExitAsync(Token));
    }

    [Fact]
    public async Task Tcp_Bytes_ComeBack()
    {
        await using ChildProcess server = await ServeAsync("--tcp", "0");
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, await PortAsync(server), Token);
        byte[] answer = new byte[5];

        await client.GetStream().WriteAsync("hello"u8.ToArray(), Token);
        await client.GetStream().ReadExactlyAsync(answer, Token);

        Assert.Equal("hello", Encoding.ASCII.GetString(answer));
    }

    [Fact]
    public async Task Udp_Datagram_ComesBack()
    {
        await using ChildProcess server = await ServeAsync("--udp", "0");
        using UdpClient client = new();
        client.Connect(IPAddress.Loopback, await PortAsync(server));

        await client.SendAsync("hello"u8.ToArray(), Token);
        UdpReceiveResult answer = await client.ReceiveAsync(Token);

        Assert.Equal("hello", Encoding.ASCII.GetString(answer.Buffer));
    }

    [Fact]
    public async Task Log_LinesOfASize_GoToBothStreamsByTurns()
    {
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);

        ProgramResult log = await ChildProcess.RunAsync(Path.Combine(programs, "testimage"), ["log", "4", "12"], Token);

        Assert.Equal("out 1 xxxxx\nout 3 xxxxx\n", log.Output);
        Assert.Equal("err 2 xxxxx\nerr 4 xxxxx\n", log.Error);
    }

    [Fact]
    public async Task IgnoreTerm_AfterSigterm_EndsBySigkillOnly()
    {
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);
        await using ChildProcess program = ChildProcess.Start(Path.Combine(programs, "testimage"), "ignore-term");
        await program.Output.WaitForLineAsync("ignoring", Token);

        await program.SignalAsync(15, Token);
        await program.SignalAsync(9, Token);

        Assert.Equal(128 + 9, await program.WaitForExitAsync(Token));
    }

    [Fact]
    public async Task EatMemory_SomeMebibytes_AreResident()
    {
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);
        await using ChildProcess program = ChildProcess.Start(Path.Combine(programs, "testimage"), "eat-memory", "24");

        await program.Output.WaitForLineAsync("ate 24 MiB", Token);

        string resident = (await File.ReadAllLinesAsync($"/proc/{program.Id}/status", Token))
            .Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        Assert.InRange(long.Parse(resident.Split(' ')[^2], CultureInfo.InvariantCulture), 24 * 1024, 32 * 1024);
    }

    [Fact]
    public async Task Fork_Number_HasThatManyChildren()
    {
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);
        await using ChildProcess program = ChildProcess.Start(Path.Combine(programs, "testimage"), "fork", "3");

        await program.Output.WaitForLineAsync("forked 3", Token);

        string children = await File.ReadAllTextAsync($"/proc/{program.Id}/task/{program.Id}/children", Token);
        Assert.Equal(3, children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Fork_Zero_GoesOnUntilThePidsLimitRefuses()
    {
        Requires.Root();
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);
        CgroupHierarchies hierarchies = CgroupHierarchies.Discover();
        CgroupHierarchy? pids = hierarchies.All.FirstOrDefault(hierarchy => hierarchy.Controllers.Contains("pids"));
        Assert.SkipWhen(pids is null, "Needs the cgroup controller pids.");
        Cgroup cgroup = new(new CgroupHierarchies([pids]), $"nd-test-{Guid.NewGuid():N}");
        cgroup.Create();
        string directory = Path.Combine(pids.MountPoint, cgroup.Path);
        await File.WriteAllTextAsync(Path.Combine(directory, "pids.max"), "16", Token);

        // Inside before it forks for the first time.
        await using ChildProcess program = ChildProcess.Start(
            "sh", "-c", $"echo $$ > {directory}/cgroup.procs && exec {programs}/testimage fork 0");
        await program.Errors.WaitForLineAsync("fork refused", Token);
        int forked = cgroup.Processes().Count;
        await File.WriteAllTextAsync(Path.Combine(directory, "pids.max"), "0", Token);
        await KillAllAsync(cgroup, program);

        Assert.Equal(16, forked);
        Assert.True(cgroup.TryRemove());
    }

    [Fact]
    public async Task Serve_AfterSigterm_ExitsWithZero()
    {
        await using ChildProcess server = await ServeAsync("--http", "0");
        await PortAsync(server);

        await server.SignalAsync(15, Token);

        Assert.Equal(0, await server.WaitForExitAsync(Token));
    }

    /// <summary>Kills what is in a cgroup that lets nothing be forked any more, and returns when it is gone.</summary>
    private static async Task KillAllAsync(Cgroup cgroup, ChildProcess program)
    {
        using FdReactor reactor = new();
        foreach (int pid in cgroup.Processes().Where(pid => pid != program.Id))
        {
            using PidFd process = PidFd.Open(pid);
            process.Signal(9);
            await process.WaitForExitAsync(reactor, Token);
        }

        // Reaped by the runtime that started it, which would else wait for ever.
        await program.SignalAsync(9, Token);
        await program.WaitForExitAsync(Token);
    }

    private async Task<ChildProcess> ServeAsync(params string[] servers)
    {
        string programs = await BuiltImages.MakeProgramsAsync(_directory.FullName, Token);
        return ChildProcess.Start(Path.Combine(programs, "testimage"), ["serve", "--bind", "127.0.0.1", .. servers]);
    }

    /// <summary>The port of the next server to announce itself.</summary>
    private static async Task<int> PortAsync(ChildProcess server)
    {
        string line = await server.Output.WaitForLineAsync("listening ", Token);
        return int.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }
}
