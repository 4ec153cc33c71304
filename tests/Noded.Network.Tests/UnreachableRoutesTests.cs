using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Network.Tests;

/// <summary>Against the kernel, in a network namespace of its own; ip(8) is the second opinion.</summary>
[Trait("Category", "Integration")]
public sealed class UnreachableRoutesTests : IAsyncLifetime
{
    private static readonly NodePaths Paths = new("/");

    private NodeSandbox _sandbox = null!;
    private RtNetlink _netlink = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _netlink = RtNetlink.Open(new NetworkNamespace($"/proc/{_sandbox.InitPid}/ns/net"));
    }

    public async ValueTask DisposeAsync()
    {
        _netlink?.Dispose();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Ensure_BothFamilies_NothingLeavesThatHasNoBetterRoute()
    {
        Ensure("10.244.0.0/16", "fd00:10:244::/56");

        Assert.Contains("No route to host", await LookUpAsync("10.244.7.7"), StringComparison.Ordinal);
        Assert.Contains("No route to host", await LookUpAsync("fd00:10:244::7"), StringComparison.Ordinal);
        await LinkAsync();
        Assert.Contains("dev pods", await LookUpAsync("10.244.0.7"), StringComparison.Ordinal);
        Assert.Contains("No route to host", await LookUpAsync("10.244.7.7"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ensure_SamePrefixAsTheLinks_TheLinkWins()
    {
        await LinkAsync();

        Ensure("10.244.0.0/24");
        Ensure("10.244.0.0/24");

        Assert.Contains("dev pods", await LookUpAsync("10.244.0.7"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ensure_OtherDestinationsThanBefore_ReplacesThoseOfThisNodeOnly()
    {
        NodePaths other = new("/n2");
        UnreachableRoutes.Ensure(_netlink, other, [IPPrefix.Parse("10.244.0.0/16")]);
        Ensure("10.244.0.0/16", "10.96.0.0/12");

        Ensure("10.97.0.0/16");

        Assert.Equal(
            [$"unreachable 10.244.0.0/16 metric {UnreachableRoutes.MetricOf(other)}", "unreachable 10.97.0.0/16 metric 4294967295"],
            await RoutesAsync());
        UnreachableRoutes.Remove(_netlink, Paths);
        UnreachableRoutes.Remove(_netlink, other);
        Assert.Empty(await RoutesAsync());
    }

    private void Ensure(params string[] destinations) =>
        UnreachableRoutes.Ensure(_netlink, Paths, destinations.Select(IPPrefix.Parse));

    private async Task LinkAsync()
    {
        foreach (string command in (string[])["link add pods type bridge", "address add 10.244.0.1/24 dev pods", "link set pods up"])
        {
            (await _sandbox.RunAsync("ip", command.Split(' '), Token)).OrThrow();
        }
    }

    private async Task<string> LookUpAsync(string address)
    {
        ProgramResult result = await _sandbox.RunAsync("ip", ["route", "get", address], Token);
        return result.Output + result.Error;
    }

    private async Task<IEnumerable<string>> RoutesAsync() =>
        (await _sandbox.RunAsync("ip", ["route", "show", "type", "unreachable"], Token)).OrThrow().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Replace("proto static ", "", StringComparison.Ordinal).Trim())
            .Order(StringComparer.Ordinal);
}
