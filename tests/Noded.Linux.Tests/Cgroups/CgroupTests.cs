using Noded.Linux.Cgroups;
using Noded.Testing;

namespace Noded.Linux.Tests.Cgroups;

/// <summary>In the machine's own hierarchies, whichever versions they are, under a name of the test's own.</summary>
[Trait("Category", "Integration")]
public sealed class CgroupTests : IDisposable
{
    private readonly CgroupHierarchies _hierarchies = CgroupHierarchies.Discover();
    private readonly Cgroup _top;
    private readonly string _name = $"nd-test-{Guid.NewGuid():N}";

    public CgroupTests()
    {
        Requires.Root();
        _top = new Cgroup(_hierarchies, _name);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Create_Nested_IsInEveryHierarchyAndRepeats()
    {
        Cgroup cgroup = new(_hierarchies, $"{_name}/pods/one");

        cgroup.Create();
        cgroup.Create();

        Assert.All(_hierarchies.All, hierarchy => Assert.True(Directory.Exists(Path.Combine(hierarchy.MountPoint, cgroup.Path))));
    }

    [Fact]
    public async Task Attach_Process_IsInEveryHierarchyAndListedAbove()
    {
        Cgroup cgroup = new(_hierarchies, $"{_name}/pods");
        cgroup.Create();
        await using ChildProcess process = ChildProcess.Start("sleep", "1000");

        cgroup.Attach(process.Id);

        Assert.Equal([process.Id], _top.Processes());
        string[] own = await File.ReadAllLinesAsync($"/proc/{process.Id}/cgroup", Token);
        Assert.Equal(
            _hierarchies.All.Length, own.Count(line => line.EndsWith($":/{_name}/pods", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task TryRemove_WhileAProcessIsInside_IsFalseAndTrueAfterIt()
    {
        Cgroup cgroup = new(_hierarchies, $"{_name}/pods");
        cgroup.Create();
        await using (ChildProcess process = ChildProcess.Start("sleep", "1000"))
        {
            cgroup.Attach(process.Id);

            Assert.False(_top.TryRemove());
        }

        Assert.True(_top.TryRemove());
        Assert.True(_top.TryRemove());
        Assert.All(_hierarchies.All, hierarchy => Assert.False(Directory.Exists(Path.Combine(hierarchy.MountPoint, _name))));
    }

    [Fact]
    public async Task Attach_ProcessThatHasEnded_IsAnError()
    {
        _top.Create();
        int ended;
        await using (ChildProcess process = ChildProcess.Start("true"))
        {
            ended = process.Id;
            await process.WaitForExitAsync(Token);
        }

        Assert.ThrowsAny<IOException>(() => _top.Attach(ended));
    }

    [Fact]
    public void Apply_Limits_AreTheKernels()
    {
        _top.Create();

        Assert.Empty(_top.Apply(new CgroupLimits { CpuShares = 512, Memory = 64 << 20, Pids = 30 }));

        Assert.Equal("30", Read("pids", "pids.max", "pids.max"));
        Assert.Equal("67108864", Read("memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal(_hierarchies.IsUnified ? "59" : "512", Read("cpu", "cpu.shares", "cpu.weight"));
    }

    [Fact]
    public void Apply_CgroupThatIsGone_SaysWhatWasNotSet()
    {
        string refused = Assert.Single(_top.Apply(new CgroupLimits { Pids = 30 }));

        Assert.StartsWith("write 30 to ", refused, StringComparison.Ordinal);
        Assert.Contains("pids.max", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkingSet_WithAProcess_IsItsMemory()
    {
        Assert.Null(_top.WorkingSet());
        _top.Create();
        await using ChildProcess process = ChildProcess.Start(
            "sh", "-c", "read go; data=$(head -c 20000000 /dev/zero | tr '\\0' x); echo done; read end");
        _top.Attach(process.Id);

        await process.WriteLineAsync("go", Token);
        await process.Output.ReadAsync(Token);

        Assert.InRange(_top.WorkingSet()!.Value, 20_000_000, 200_000_000);
    }

    [Fact]
    public void Processes_OfACgroupThatIsNotThere_AreNone() => Assert.Empty(_top.Processes());

    private string Read(string controller, string legacy, string unified)
    {
        CgroupHierarchy hierarchy = _hierarchies.All.First(hierarchy => hierarchy.Controllers.Contains(controller));
        return File.ReadAllText(Path.Combine(hierarchy.MountPoint, _name, hierarchy.IsUnified ? unified : legacy)).Trim();
    }

    public void Dispose() => Assert.True(_top.TryRemove());
}
