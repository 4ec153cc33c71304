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
    public void Processes_OfACgroupThatIsNotThere_AreNone() => Assert.Empty(_top.Processes());

    public void Dispose() => Assert.True(_top.TryRemove());
}
