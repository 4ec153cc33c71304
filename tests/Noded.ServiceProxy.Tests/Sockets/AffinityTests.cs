using System.Net;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Sockets;

[Trait("Category", "Integration")]
public sealed class AffinityTests(ProxyFixture proxy) : ProxyTests(proxy)
{
    private static readonly string[] Backends =
        [.. Enumerable.Range(2, 8).Select(number => $"127.0.0.{number}:8001")];

    private static ServicePort Port => Plans.Port("web", "10.96.0.1:80") with
    {
        Affinity = TimeSpan.FromHours(3),
        NodePort = 30080,
    };

    [Fact]
    public async Task Affinity_OneClient_KeepsItsBackendOverAllAddressesOfThePort()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        Maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse("10.0.0.1")), 1);

        string first = await AskAsync("10.96.0.1:80");

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(first, await AskAsync("10.96.0.1:80"));
            Assert.Equal(first, await AskAsync("10.0.0.1:30080"));
        }

        Maps.LocalAddresses.Remove(new MapAddress(IPAddress.Parse("10.0.0.1")));
    }

    [Fact]
    public async Task Affinity_OtherEndpointsComeAndGo_Stays()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        string first = await AskAsync("10.96.0.1:80");
        string mine = Backends.Single(backend => Name(backend) == first);

        foreach (string other in Backends.Where(backend => backend != mine))
        {
            Tables.Apply(Plans.Of(Port, mine, other));
            Assert.Equal(first, await AskAsync("10.96.0.1:80"));
        }
    }

    [Fact]
    public async Task Affinity_BackendGone_ChoosesAnotherAndStaysThere()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        string first = await AskAsync("10.96.0.1:80");

        string[] left = [.. Backends.Where(backend => Name(backend) != first)];
        Tables.Apply(Plans.Of(Port, left));
        string second = await AskAsync("10.96.0.1:80");
        Tables.Apply(Plans.Of(Port, Backends));

        Assert.NotEqual(first, second);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(second, await AskAsync("10.96.0.1:80"));
        }
    }

    [Fact]
    public async Task Affinity_BackendTerminatesWhileOthersAreReady_ChoosesAnother()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        string first = await AskAsync("10.96.0.1:80");

        Tables.Apply(ServicePlan.Compute(
            Port,
            [
                .. Plans.Ready(Backends).Select(endpoint => Name(endpoint.Backend.ToString()) == first
                    ? endpoint with { IsReady = false, IsTerminating = true }
                    : endpoint),
            ],
            Plans.Node));

        Assert.NotEqual(first, await AskAsync("10.96.0.1:80"));
    }

    [Fact]
    public async Task Affinity_TimeoutPassed_MayChooseAnew()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        foreach (AffinityKey old in Maps.Affinities.Keys())
        {
            Maps.Affinities.Remove(old);
        }

        await AskAsync("10.96.0.1:80");
        AffinityKey key = Assert.Single(Maps.Affinities.Keys());
        Assert.True(Maps.Affinities.TryGet(key, out AffinityEntry fresh));

        // Three hours back: whatever it chooses now, the time is that of now.
        Maps.Affinities.Set(key, fresh with { LastUsed = unchecked(fresh.LastUsed - 10800) });
        HashSet<string> answers = [];
        for (int i = 0; i < 64 && answers.Count < 2; i++)
        {
            answers.Add(await AskAsync("10.96.0.1:80"));
            Assert.True(Maps.Affinities.TryGet(key, out AffinityEntry entry));
            Maps.Affinities.Set(key, entry with { LastUsed = unchecked(entry.LastUsed - 10800) });
        }

        Assert.Equal(2, answers.Count);
    }

    [Fact]
    public async Task Affinity_Restart_IsKept()
    {
        await ListenAsync();
        Tables.Apply(Plans.Of(Port, Backends));
        string first = await AskAsync("10.96.0.1:80");

        Sandbox.Restart();
        Tables.Apply(Plans.Of(Port, Backends));
        Tables.Prune();

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(first, await AskAsync("10.96.0.1:80"));
        }
    }

    private static string Name(string backend) => $"b{backend.Split('.')[3].Split(':')[0]}";

    private async Task ListenAsync()
    {
        foreach (string backend in Backends)
        {
            await Agent.DoAsync($"listen-tcp {backend} {Name(backend)}", Token);
        }
    }

    private async Task<string> AskAsync(string service) =>
        (await Agent.AskAsync($"tcp {service}", Token)).Split(' ')[0];
}
