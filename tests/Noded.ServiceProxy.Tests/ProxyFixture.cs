using Noded.Bpf;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests;

/// <summary>One sandbox with programs and an agent for the tests of a class, which run one after the other.</summary>
public sealed class ProxyFixture : IAsyncLifetime
{
    internal ProxySandbox Sandbox { get; private set; } = null!; // made before every test

    internal AgentClient Agent { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        Sandbox = await ProxySandbox.CreateAsync(token);
        Agent = await Sandbox.StartAgentAsync(token);
        await Sandbox.AddAddressAsync("fd00::1/128", token);
        await Sandbox.AddAddressAsync("fd00::2/128", token);
        await Sandbox.AddAddressAsync("fd00::3/128", token);
    }

    public async ValueTask DisposeAsync()
    {
        if (Sandbox is not null)
        {
            await Sandbox.DisposeAsync();
        }
    }
}

/// <summary>Tests with real sockets: each begins without servers and without Services.</summary>
public abstract class ProxyTests(ProxyFixture proxy) : IClassFixture<ProxyFixture>, IAsyncLifetime
{
    internal ProxySandbox Sandbox => proxy.Sandbox;

    internal AgentClient Agent => proxy.Agent;

    internal ServiceTables Tables => proxy.Sandbox.Tables;

    internal ServiceMaps Maps => proxy.Sandbox.Maps;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Agent.DoAsync("reset", Token);
        foreach (ServicePortName service in Tables.Services.ToArray())
        {
            Tables.Remove(service);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What a program hears whose connection is refused: before kernel 5.18 the reason is lost.</summary>
    internal static string Told(string answer) =>
        answer.StartsWith("error ", StringComparison.Ordinal) && !FeatureProbe.HasSetReturnValue()
            ? "error AccessDenied"
            : answer;

    /// <summary>How often something has happened, by its number in enum counter.</summary>
    protected ulong Count(uint counter) => Maps.Counters[counter];
}
