using System.Collections.Immutable;
using System.Net;
using Noded.Bpf;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Datapath;

/// <summary>Plans carried out in real maps that no program reads: what the maps hold after each step.</summary>
[Trait("Category", "Integration")]
public sealed class ServiceTablesTests : IDisposable
{
    private readonly BpfObject _object = Load();
    private readonly ServiceMaps _maps;
    private ServiceTables _tables;
    private int _barriers;

    public ServiceTablesTests()
    {
        _maps = new ServiceMaps(_object.Map);
        _tables = Open();
    }

    [Fact]
    public void Apply_APlan_IsWhatTheMapsSay()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080", "10.0.0.2:8080"));

        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080 10.0.0.2:8080"], Dump());
    }

    [Fact]
    public void Apply_Twice_TakesNothingMore()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080", "10.0.0.2:8080"));
        (uint, uint, long) used = (_tables.FrontendsUsed, _tables.BackendsUsed, _tables.SlotsUsed);

        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080", "10.0.0.2:8080"));

        Assert.Equal(used, (_tables.FrontendsUsed, _tables.BackendsUsed, _tables.SlotsUsed));
    }

    [Fact]
    public void Apply_EndpointGone_IsAnotherGenerationOfItsIndex()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080"));
        ulong before = _maps.Backends[0].State;

        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.2:8080"));

        Assert.Equal(BackendEntry.InCluster, before);
        Assert.Equal(1ul, _maps.Backends[0].State);
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.2:8080"], Dump());
    }

    [Fact]
    public void Apply_AllKindsOfFrontends_ShareTheLists()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            NodePort = 30080,
            ExternalIPs = Plans.Addresses("192.0.2.1"),
        };

        _tables.Apply(Plans.Of(port, "10.0.0.1:8080"));

        Assert.Equal(
            ["10.96.0.1:80/TCP → 10.0.0.1:8080", "192.0.2.1:80/TCP → 10.0.0.1:8080", "node port 30080/TCP IPv4 → 10.0.0.1:8080"],
            Dump());
        Assert.Equal((3u, 1u, 1L), (_tables.FrontendsUsed, _tables.BackendsUsed, _tables.SlotsUsed));
    }

    [Fact]
    public void Remove_AService_LeavesNothing()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with
        {
            LoadBalancerIPs = Plans.Addresses("192.0.2.1"),
            SourceRanges = [Primitives.IPPrefix.Parse("198.51.100.0/24")],
        };
        _tables.Apply(Plans.Of(port, "10.0.0.1:8080"));
        Assert.Single(_maps.SourceRanges.Keys());

        _tables.Remove(port.Name);

        Assert.Empty(Dump());
        Assert.Empty(_maps.SourceRanges.Keys());
        Assert.Equal((0u, 0u), (_tables.FrontendsUsed, _tables.BackendsUsed));
    }

    [Fact]
    public void Apply_AddressOfAnotherService_IsLeftToTheFirst()
    {
        _tables.Apply(Plans.Of("first", "10.96.0.1:80", "10.0.0.1:8080"));

        ImmutableArray<FrontendKey> conflicts = _tables.Apply(Plans.Of("second", "10.96.0.1:80", "10.0.0.2:8080"));

        Assert.Equal("10.96.0.1:80/TCP", Assert.Single(conflicts).ToString());
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080"], Dump());
        _tables.Remove(Plans.Port("first", "10.96.0.1:80").Name);
        Assert.Empty(_tables.Apply(Plans.Of("second", "10.96.0.1:80", "10.0.0.2:8080")));
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.2:8080"], Dump());
    }

    [Fact]
    public void Apply_ManyChanges_WaitForReadersBeforeAnythingIsReused()
    {
        for (int i = 0; i < 1000; i++)
        {
            _tables.Apply(Plans.Of("web", "10.96.0.1:80", $"10.0.{i / 250}.{i % 250}:80", $"10.1.{i / 250}.{i % 250}:80"));
        }

        Assert.Equal(["10.96.0.1:80/TCP → 10.0.3.249:80 10.1.3.249:80"], Dump());
        Assert.InRange(_barriers, 1, 100);
        Assert.Equal(_barriers, _tables.Barriers);
    }

    [Fact]
    public void Apply_MoreFrontendsThanFit_NamesTheMapAndChangesNothing()
    {
        for (int i = 0; i < 64; i++)
        {
            _tables.Apply(Plans.Of($"web-{i}", $"10.96.0.{i}:80", "10.0.0.1:8080"));
        }

        string[] before = Dump();

        BpfMapFullException full = Assert.Throws<BpfMapFullException>(
            () => _tables.Apply(Plans.Of("one-more", "10.96.1.1:80", "10.0.0.1:8080")));

        Assert.Contains("64 entries", full.Message, StringComparison.Ordinal);
        Assert.Equal(before, Dump());
        _tables.Remove(Plans.Port("web-0", "10.96.0.0:80").Name);
        _tables.Apply(Plans.Of("one-more", "10.96.1.1:80", "10.0.0.1:8080"));
    }

    [Fact]
    public void Apply_MoreBackendsThanFit_NamesTheMapAndKeepsTheOldOnes()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080"));

        BpfMapFullException full = Assert.Throws<BpfMapFullException>(
            () => _tables.Apply(Plans.Of("web", "10.96.0.1:80", Many(200))));

        Assert.Equal("Map backends is full: it holds 128 entries.", full.Message);
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080"], Dump());
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", Many(100)));
        Assert.Equal(100u, _tables.BackendsUsed);
    }

    [Fact]
    public void Apply_FreeSlotsInSmallPieces_AreJoined()
    {
        for (int i = 0; i < 60; i++)
        {
            _tables.Apply(Plans.Of($"web-{i}", $"10.96.0.{i}:80", "10.0.0.1:80", "10.0.0.2:80"));
        }

        for (int i = 1; i < 60; i++)
        {
            _tables.Remove(Plans.Port($"web-{i}", $"10.96.0.{i}:80").Name);
        }

        _tables.Apply(Plans.Of("large", "10.97.0.1:80", Many(100)));

        Assert.Equal(2, Dump().Length);
        Assert.Equal(100u + 2, _tables.BackendsUsed);
    }

    [Fact]
    public void Adopt_AfterARestart_KeepsEverythingUntilItIsPruned()
    {
        ServicePort api = Plans.Port("api", "10.96.0.2:80") with
        {
            LoadBalancerIPs = Plans.Addresses("192.0.2.1"),
            SourceRanges = [Primitives.IPPrefix.Parse("198.51.100.0/24")],
        };
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080", "10.0.0.2:8080"));
        _tables.Apply(Plans.Of(api, "10.0.0.3:8080"));
        string[] before = Dump();

        _tables = Open();

        Assert.Equal(before, Dump());
        Assert.Equal((3u, 3u), (_tables.FrontendsUsed, _tables.BackendsUsed));
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080", "10.0.0.4:8080"));
        Assert.Equal(before[1..], Dump()[1..]);
        _tables.Prune();
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080 10.0.0.4:8080"], Dump());
        Assert.Empty(_maps.SourceRanges.Keys());
        Assert.Equal((1u, 2u, 0), (_tables.FrontendsUsed, _tables.BackendsUsed, _tables.Adopted));
    }

    [Fact]
    public void Adopt_AddressHasAnotherOwnerNow_StaysWhenTheOldOneIsPruned()
    {
        ServicePort web = Plans.Port("web", "10.96.0.1:80");
        _tables.Apply(Plans.Of(web, "10.0.0.1:8080"));
        _tables.Apply(Plans.Of(
            Plans.Port("old", "10.96.0.2:80") with { ExternalIPs = Plans.Addresses("192.0.2.1") }, "10.0.0.2:8080"));

        _tables = Open();
        _tables.Apply(Plans.Of(web with { ExternalIPs = Plans.Addresses("192.0.2.1") }, "10.0.0.1:8080"));
        _tables.Prune();

        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080", "192.0.2.1:80/TCP → 10.0.0.1:8080"], Dump());
        Assert.Equal((2u, 1u), (_tables.FrontendsUsed, _tables.BackendsUsed));
    }

    [Fact]
    public void Apply_LocalAndClusterList_AreEachInTheStateOfTheirBackends()
    {
        ServicePort port = Plans.Port("web", "10.96.0.1:80") with { NodePort = 30080, IsExternallyLocal = true };
        Endpoint remote = Plans.Endpoint("10.0.0.1:8080") with { NodeName = "elsewhere" };
        Endpoint local = Plans.Endpoint("10.0.0.2:8080") with { NodeName = Plans.Node.NodeName };

        _tables.Apply(ServicePlan.Compute(port, [remote, local], Plans.Node));
        ulong[] both = [_maps.Backends[0].State, _maps.Backends[1].State];
        _tables.Apply(ServicePlan.Compute(port with { IsExternallyLocal = false }, [remote, local], Plans.Node));

        Assert.Equal([BackendEntry.InCluster, BackendEntry.InCluster | BackendEntry.InLocal], both);
        Assert.Equal([BackendEntry.InCluster, BackendEntry.InCluster], [_maps.Backends[0].State, _maps.Backends[1].State]);
    }

    [Fact]
    public void Adopt_BackendsPreparedButNeverPublished_AreFreeAgain()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080"));
        _maps.Backends[5].State = BackendEntry.InCluster | 7;

        _tables = Open();

        Assert.Equal(8ul, _maps.Backends[5].State);
        Assert.Equal(1u, _tables.BackendsUsed);
    }

    [Fact]
    public void Adopt_BackendStays_KeepsItsIndexAndGeneration()
    {
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.9:8080"));
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080"));
        ulong state = _maps.Backends[1].State;

        _tables = Open();
        _tables.Apply(Plans.Of("web", "10.96.0.1:80", "10.0.0.1:8080"));

        Assert.Equal(state, _maps.Backends[1].State);
        Assert.Equal(["10.96.0.1:80/TCP → 10.0.0.1:8080"], Dump());
    }

    [Fact]
    public void Random_PlansRestartsAndRemovals_AlwaysSayWhatWasAskedFor()
    {
        Random random = new(7);
        Dictionary<string, (ServicePlan Plan, string Text)> wanted = [];
        for (int step = 0; step < 3000; step++)
        {
            string name = $"s{random.Next(20)}";
            string address = $"10.96.0.{name[1..]}:80";
            if (random.Next(4) == 0)
            {
                _tables.Remove(Plans.Port(name, address).Name);
                wanted.Remove(name);
            }
            else
            {
                string[] backends = [.. Many(random.Next(5))];
                ServicePlan plan = Plans.Of(name, address, backends);
                _tables.Apply(plan);
                wanted[name] = (plan, $"{address}/TCP → {string.Join(' ', backends)}");
            }

            if (random.Next(100) == 0)
            {
                _tables = Open();
                AssertDump();
                wanted.Values.ToList().ForEach(entry => _tables.Apply(entry.Plan));
                _tables.Prune();
                AssertDump();
            }
        }

        AssertDump();

        void AssertDump() =>
            Assert.Equal(wanted.Values.Select(entry => entry.Text).Order(StringComparer.Ordinal), Dump());
    }

    public void Dispose()
    {
        _maps.Dispose();
        _object.Dispose();
    }

    private static IEnumerable<string> Many(int count) =>
        Enumerable.Range(0, count).Select(i => $"10.0.{i / 250}.{(i % 250) + 1}:80");

    private static BpfObject Load()
    {
        Requires.Root();
        BpfObject socket = BpfObject.Open("socket", BpfObjects.Read("socket"));
        socket.SetMaxEntries("frontend_ids", 64);
        socket.SetMaxEntries("frontends", 64);
        socket.SetMaxEntries("backends", 128);
        socket.SetMaxEntries("backend_hits", 128);
        socket.SetMaxEntries("slots", 256);
        socket.Load();
        return socket;
    }

    private ServiceTables Open() => new(_maps, () => _barriers++);

    /// <summary>What a reader would find: each frontend with its internal list.</summary>
    private string[] Dump() =>
    [
        .. _maps.FrontendIds.Keys().Select(key =>
        {
            Assert.True(_maps.FrontendIds.TryGet(key, out uint index));
            FrontendEntry entry = _maps.Frontends[index];
            Assert.Equal(key, entry.Key);
            ListWord word = new(entry.Internal);
            IEnumerable<string> backends = Enumerable.Range(0, word.Count).Select(i =>
            {
                ulong slot = _maps.Slots[word.First + (uint)i];
                Assert.Equal(word.Tag, (ushort)(slot >> 32));
                BackendEntry backend = _maps.Backends[(uint)slot];
                Assert.Equal(entry.Service, backend.Service);
                Assert.NotEqual(0ul, backend.State >> 32);
                return new IPEndPoint(backend.Address.ToIPAddress(), backend.Port.Value).ToString();
            });
            return $"{key} → {string.Join(' ', backends)}";
        }).Order(StringComparer.Ordinal),
    ];
}
