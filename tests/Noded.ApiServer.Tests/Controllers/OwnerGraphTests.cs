using Noded.ApiServer.Controllers;

namespace Noded.ApiServer.Tests.Controllers;

public sealed class OwnerGraphTests
{
    private readonly OwnerGraph _graph = new();

    [Fact]
    public void Compute_OwnerIsThere_DoesNothing()
    {
        _graph.Set(new("owner", "1", []));
        _graph.Set(new("child", "2", ["1"]));

        Assert.Empty(_graph.Compute("child"));
    }

    [Fact]
    public void Remove_Owner_MakesTheDependentGo()
    {
        _graph.Set(new("owner", "1", []));
        _graph.Set(new("child", "2", ["1"]));

        Assert.Equal(["child"], _graph.Remove("owner"));
        Assert.Equal([new CollectorAction.Delete("child", "2")], _graph.Compute("child"));
    }

    [Fact]
    public void Compute_AnotherOwnerIsThere_DoesNothing()
    {
        _graph.Set(new("other", "3", []));
        _graph.Set(new("child", "2", ["1", "3"]));

        Assert.Empty(_graph.Compute("child"));
    }

    [Fact]
    public void Compute_OwnerOrphans_FreesDependentsBeforeItGoes()
    {
        OwnedObject owner = new("owner", "1", []) { IsBeingDeleted = true, Finalizers = ["orphan"] };
        _graph.Set(owner);
        _graph.Set(new("child", "2", ["1"]));

        Assert.Equal([new CollectorAction.Orphan("child", "1")], _graph.Compute("owner"));
        _graph.Set(new("child", "2", []));
        Assert.Equal([new CollectorAction.Release("owner", "orphan")], _graph.Compute("owner"));
    }

    [Fact]
    public void Compute_OwnerGoesInForeground_WaitsForBlockingDependents()
    {
        _graph.Set(new("owner", "1", []) { IsBeingDeleted = true, Finalizers = ["foregroundDeletion"] });
        _graph.Set(new("child", "2", ["1"]) { Blocks = ["1"] });

        Assert.Equal([new CollectorAction.Delete("child", "2")], _graph.Compute("owner"));
        _graph.Set(new("child", "2", ["1"]) { Blocks = ["1"], IsBeingDeleted = true });
        Assert.Empty(_graph.Compute("owner"));
        Assert.Equal(["owner"], _graph.Remove("child"));
        Assert.Equal([new CollectorAction.Release("owner", "foregroundDeletion")], _graph.Compute("owner"));
    }
}
