using System.Text.Json;
using Noded.Primitives;

namespace Noded.Network.Tests;

public sealed class CniConfigListTests
{
    [Fact]
    public void Write_BothFamilies_HaveARangeEach()
    {
        JsonElement list = Write("/", "10.244.1.0/24", "fd00:10:244:1::/64");

        JsonElement bridge = list.GetProperty("plugins")[0].GetProperty("delegate");
        Assert.Equal(
            ("noded", "pod-network", "bridge", "noded0", "/var/lib/cni/networks"),
            (Text(list, "name"), Text(list.GetProperty("plugins")[0], "type"), Text(bridge, "type"), Text(bridge, "bridge"),
                Text(bridge.GetProperty("ipam"), "dataDir")));
        Assert.Equal(
            ["10.244.1.0/24", "fd00:10:244:1::/64"],
            bridge.GetProperty("ipam").GetProperty("ranges").EnumerateArray().Select(range => Text(range[0], "subnet")));
        Assert.Equal("portmap", Text(list.GetProperty("plugins")[1], "type"));
    }

    [Fact]
    public void Write_TwoRoots_ShareNoName()
    {
        JsonElement[] lists = [Write("/n1", "10.244.1.0/24"), Write("/n2", "10.244.1.0/24")];

        Assert.Equal(2, lists.Select(list => Text(list, "name")).Distinct().Count());
        string[] bridges = [.. lists.Select(list => Text(list.GetProperty("plugins")[0].GetProperty("delegate"), "bridge")!)];
        Assert.Equal(2, bridges.Distinct().Count());
        Assert.All(bridges, bridge => Assert.InRange(bridge.Length, 1, 15));
    }

    private static JsonElement Write(string root, params string[] cidrs)
    {
        using JsonDocument document =
            JsonDocument.Parse(CniConfigList.Write(new NodePaths(root), [.. cidrs.Select(IPPrefix.Parse)]));
        return document.RootElement.Clone();
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
