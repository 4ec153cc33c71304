using System.Globalization;
using Noded.Linux.Namespaces;
using Noded.ServiceProxy.Datapath;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Datapath;

[Trait("Category", "Integration")]
public sealed class NamespaceCookiesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadByProgram_OwnAndAnotherNamespace_AreTwoAndStayTheSame()
    {
        Requires.Root();
        Assert.SkipUnless(Directory.Exists(ProxySandbox.CgroupRoot), $"Needs cgroup2 at {ProxySandbox.CgroupRoot}.");
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        NetworkNamespace other = new(string.Create(CultureInfo.InvariantCulture, $"/proc/{sandbox.InitPid}/ns/net"));

        ulong own = NamespaceCookies.ReadByProgram(NetworkNamespace.Own);
        ulong inside = NamespaceCookies.ReadByProgram(other);

        Assert.NotEqual(own, inside);
        Assert.Equal((own, inside), (NamespaceCookies.Read(NetworkNamespace.Own), NamespaceCookies.Read(other)));
    }

    [Fact]
    public void Read_NamespaceIsGone_SaysWhich()
    {
        NetworkNamespace gone = new("/run/netns/nd-none");

        IOException refusal = Assert.ThrowsAny<IOException>(() => NamespaceCookies.Read(gone));

        Assert.Contains("/run/netns/nd-none", refusal.Message, StringComparison.Ordinal);
    }
}
