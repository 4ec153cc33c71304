using System.Text.Json.Nodes;

namespace Noded.Testing.Tests;

public sealed class MachineInventoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Diff_SameThingsInAnotherOrder_IsEmpty() =>
        Assert.Empty(MachineInventory.Diff(Of("link a", "link b"), Of("link b", "link a")));

    [Fact]
    public void Diff_OneGoneOneNew_TellsBothSortedByThing() =>
        Assert.Equal(["+ link new", "- link old"], MachineInventory.Diff(Of("link old"), Of("link new")));

    [Fact]
    public void Diff_SecondOfEqualThings_IsCountedOnce() =>
        Assert.Equal(["+ mount /x #2"], MachineInventory.Diff(Of("mount /x"), Of("mount /x", "mount /x")));

    [Fact]
    public void Diff_OnlyRemarkDiffers_IsEmpty()
    {
        MachineInventory before = new([new InventoryItem("namespace net:[1]", "noded 7")]);
        MachineInventory after = new([new InventoryItem("namespace net:[1]", "noded 8")]);

        Assert.Empty(MachineInventory.Diff(before, after));
        Assert.Equal(["- namespace net:[1] (noded 7)"], MachineInventory.Diff(before, Of()));
    }

    [Fact]
    public async Task LoadAsync_WhatWasSaved_IsEqual()
    {
        string file = Path.GetTempFileName();

        try
        {
            await Of("link a", "link a", "mount /\u00e4 (tmpfs)").SaveAsync(file, Token);

            MachineInventory loaded = await MachineInventory.LoadAsync(file, Token);

            Assert.Empty(MachineInventory.Diff(Of("link a", "link a", "mount /\u00e4 (tmpfs)"), loaded));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Parse_MountWithOptionalFieldsAndSpace_ReadsPathAndFileSystem()
    {
        MountEntry mount = MountEntry.Parse(@"36 35 98:0 / /a\040b rw shared:1 master:2 - ext3 /d rw,errors=continue");

        Assert.Equal(("/a b", "ext3"), (mount.Path, mount.FileSystem));
        Assert.Equal(["rw", "errors=continue"], mount.SuperOptions);
    }

    [Fact]
    public void ParseStat_NameWithParenthesisAndSpaces_FindsStartTime()
    {
        string stat = "42 (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0";

        Assert.Equal(new ProcessSource.ProcessStat("42", "a) b", "777"), ProcessSource.ParseStat(stat));
    }

    [Fact]
    public void ParseSessions_NestedOwnGroup_IgnoresItsTopLevel()
    {
        IReadOnlySet<string> sessions = CgroupSource.ParseSessions(["4:memory:/jobs/7", "0::/", "1:name=systemd:/lxc"]);

        Assert.Contains("jobs", sessions);
        Assert.Contains("lxc", sessions);
        Assert.DoesNotContain("noded", sessions);
    }

    [Fact]
    public void Nftables_HandlesAndCountersDiffer_IsTheSameThing()
    {
        const string Rules = """
            {"nftables":[{"metainfo":{"version":"1"}},{"rule":{"table":"t","handle":4,
            "expr":[{"counter":{"packets":5,"bytes":6}},{"accept":null}]}}]}
            """;

        InventoryItem item = Assert.Single(NftablesSource.Parse(Rules));

        Assert.Equal("""nft rule {"table":"t","expr":[{"counter":{}},{"accept":null}]}""", item.Thing);
    }

    [Fact]
    public void Route_Unreachable_NamesTypeAndTable()
    {
        const string Json = """{"type":"unreachable","dst":"10.0.0.0/8","table":"main","flags":["linkdown"]}""";

        InventoryItem item = NetworkSource.Route(JsonNode.Parse(Json)!, " in netns x");

        Assert.Equal("route unreachable 10.0.0.0/8 table main in netns x", item.Thing);
    }

    private static MachineInventory Of(params IEnumerable<string> things) =>
        new(things.Select(thing => new InventoryItem(thing)));
}
