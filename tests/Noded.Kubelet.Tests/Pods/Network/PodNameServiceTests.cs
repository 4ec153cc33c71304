using Noded.Kubelet.Pods;
using Noded.Kubelet.Pods.Network;
using Noded.Linux.Cgroups;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods.Network;

/// <summary>On files below a directory of its own.</summary>
public sealed class PodNameServiceTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("nd-");

    [Theory]
    [InlineData(null, "192.0.2.1")]
    [InlineData("", "")]
    [InlineData("own", "192.0.2.9")]
    public void DnsOf_APodThatResolvesAsTheMachineDoes_HasTheFileOfTheConfiguration(string? resolvConf, string servers)
    {
        Write("resolv.conf", "nameserver 192.0.2.1\n");
        string own = Write("own", "nameserver 192.0.2.9\n");

        PodDns dns = Open(resolvConf == "own" ? own : resolvConf).DnsOf(AsTheMachine());

        Assert.Equal(servers, string.Join(' ', dns.Config.Servers));
    }

    [Fact]
    public void DnsOf_TheMachineAsksAStubOfItsOwn_HasTheServersBehindIt()
    {
        Write("resolv.conf", "nameserver 127.0.0.53\n");
        Directory.CreateDirectory(Path.Combine(_root.FullName, "systemd/resolve"));
        Write("systemd/resolve/resolv.conf", "nameserver 192.0.2.7\n");

        Assert.Equal(["192.0.2.7"], Open(null).DnsOf(AsTheMachine()).Config.Servers);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private static Pod AsTheMachine()
    {
        Pod pod = SamplePods.APod();
        pod.Spec.DnsPolicy = "Default";
        return pod;
    }

    private PodNameService Open(string? resolvConf) => new(
        new PodLayout(new NodePaths(_root.FullName), new CgroupfsDriver(new CgroupHierarchies([]), "noded")),
        new NodeFacts("node1", ["192.0.2.1"], 1000, 1 << 30, 1 << 30),
        resolvConf,
        _root.FullName,
        _root.FullName);

    private string Write(string name, string text)
    {
        string file = Path.Combine(_root.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }
}
