using System.Net;
using Noded.Dns.Server;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Dns.Tests.Server;

/// <summary>Against the kernel, in a network namespace of its own; ip(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class LoopbackAddressesTests : IAsyncLifetime
{
    private NodeSandbox _sandbox = null!; // made before every test
    private LoopbackAddresses _addresses = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NetworkNamespace Namespace => new($"/proc/{_sandbox.InitPid}/ns/net");

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _addresses = new LoopbackAddresses(_sandbox.Paths.DnsAddresses, () => RtNetlink.Open(Namespace));
    }

    public async ValueTask DisposeAsync() => await _sandbox.DisposeAsync();

    [Fact]
    public async Task Ensure_BothFamilies_AreUsableAtOnceAndThereOnce()
    {
        Ensure("10.96.0.10", "fd00:10:96::a");
        Ensure("10.96.0.10", "fd00:10:96::a");

        Assert.Equal(["10.96.0.10/32", "127.0.0.1/8", "::1/128", "fd00:10:96::a/128"], await AddressesAsync());
        (await _sandbox.RunAsync("ping", ["-c", "1", "-W", "1", "10.96.0.10"], Token)).OrThrow();
        (await _sandbox.RunAsync("ping", ["-c", "1", "-W", "1", "fd00:10:96::a"], Token)).OrThrow();
    }

    [Fact]
    public async Task Ensure_OtherAddresses_ReplacesTheFormer()
    {
        Ensure("10.96.0.10");

        Ensure("10.96.0.11");

        Assert.Equal(["10.96.0.11/32", "127.0.0.1/8", "::1/128"], await AddressesAsync());
    }

    [Fact]
    public async Task Ensure_ThenRemove_LeavesWhatOthersPutThere()
    {
        using (RtNetlink netlink = RtNetlink.Open(Namespace))
        {
            netlink.AddAddress(netlink.GetLink("lo").Index, IPPrefix.Parse("10.96.0.11/32"));
        }

        Ensure("10.96.0.10", "10.96.0.11");
        _addresses.Remove();
        _addresses.Remove();

        Assert.Equal(["10.96.0.11/32", "127.0.0.1/8", "::1/128"], await AddressesAsync());
        Assert.False(File.Exists(_sandbox.Paths.DnsAddresses));
    }

    private void Ensure(params string[] addresses) => _addresses.Ensure([.. addresses.Select(IPAddress.Parse)]);

    private async Task<string[]> AddressesAsync() =>
    [
        .. (await _sandbox.RunAsync("ip", ["-o", "address", "show", "dev", "lo"], Token)).OrThrow().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3])
            .Order(StringComparer.Ordinal),
    ];
}
