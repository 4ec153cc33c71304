using System.Text;
using Noded.Cni.Plugins.PodNetwork;

namespace Noded.Cni.Plugins.Tests.PodNetwork;

/// <summary>What it refuses; what it does is shown by pods on a node.</summary>
public sealed class PodNetworkPluginTests
{
    [Theory]
    [InlineData("""{"cniVersion": "1.0.0", "name": "n"}""", "the configuration has no object \"delegate\"")]
    [InlineData("""{"cniVersion": "1.0.0", "name": "n", "delegate": {}}""", "invalid plugin name: ")]
    [InlineData(
        """{"cniVersion": "1.0.0", "name": "n", "delegate": {"type": "missing"}}""",
        "failed to find plugin \"missing\" in path [/nowhere]")]
    [InlineData(
        """
        {"cniVersion": "1.0.0", "name": "n", "delegate": {"type": "bridge"},
         "runtimeConfig": {"io.kubernetes.cri.pod-annotations": {"noded.dev/network": "bridge"}}}
        """,
        "annotation noded.dev/network: \"bridge\" is not \"none\"")]
    public void Add_ConfigurationThatCannotBe_IsRefused(string document, string message)
    {
        CniArguments arguments = new(
            CniCommand.Add, new Attachment("c", "eth0"), "/proc/self/ns/net", ["/nowhere"], new Dictionary<string, string>());
        CniRequest request = new CniRequest(arguments, CniVersion.V100, new NetworkConfig(), default)
            .WithDocument(Encoding.UTF8.GetBytes(document));

        CniException refusal =
            Assert.Throws<CniException>(() => new PodNetworkPlugin(new PluginInvoker(_ => null)).Add(request));

        Assert.Equal((CniErrorCode.InvalidNetworkConfig, message), (refusal.Code, refusal.Message));
    }
}
