using System.Text;
using k8s.Models;
using Noded.Api.Services;
using Noded.Dns.Records;
using Noded.Primitives;
using Noded.Testing;

namespace Noded.Dns.Tests.Records;

public sealed class RecordUpdaterTests
{
    private static readonly ClusterZone Zone = new("cluster.local", Cluster.Servers, Cluster.Ranges);

    private readonly ClusterRecords _records = new(Zone, new TestClock());
    private readonly RecordUpdater _updater;

    public RecordUpdaterTests() => _updater = new RecordUpdater(_records);

    [Fact]
    public void Apply_OneChangeAmongMany_LooksAtOneService()
    {
        V1Service[] many =
            [.. Enumerable.Range(0, 10_000).Select(i => Cluster.AService("default", $"s{i}", [$"10.97.{i / 250}.{i % 250}"]))];
        Assert.Equal(10_000, _updater.Apply(new ServiceSourceChange.Snapshot([.. many], [])));

        Assert.Equal(1, _updater.Apply(new ServiceSourceChange.Service(
            new NamespacedName("default", "s5000"), Cluster.AService("default", "s5000", ["10.98.0.1"]))));
        Assert.Equal(1, _updater.Apply(new ServiceSourceChange.Slice(
            new NamespacedName("default", "s7-ipv4"), Cluster.ASlice("default", "s7", "IPv4", [], Cluster.AnEndpoint("10.244.0.1")))));
        Assert.Equal(2, _updater.Apply(new ServiceSourceChange.Snapshot([.. many], [])));
    }

    [Fact]
    public void Apply_SnapshotWithoutWhatWasThere_TakesItBack()
    {
        _updater.Apply(Cluster.State);

        _updater.Apply(new ServiceSourceChange.Snapshot([Cluster.AService("shop", "web", ["10.96.1.2"])], []));

        Assert.Equal((false, true), (Has("web"), Has("web", "shop")));
        Assert.Empty(_records.NamesOf(AddressKey.Of(System.Net.IPAddress.Parse("10.96.0.1"))));
        Assert.Equal(
            ["web.shop.svc.cluster.local"], _records.NamesOf(AddressKey.Of(System.Net.IPAddress.Parse("10.96.1.2"))).AsEnumerable());
    }

    [Fact]
    public void Apply_SliceBeforeItsService_IsThereWithIt()
    {
        _updater.Apply(new ServiceSourceChange.Slice(
            new NamespacedName("default", "late-ipv4"), Cluster.ASlice("default", "late", "IPv4", [], Cluster.AnEndpoint("10.244.0.1"))));
        Assert.False(Has("late"));

        _updater.Apply(new ServiceSourceChange.Service(
            new NamespacedName("default", "late"), Cluster.AService("default", "late", ["None"])));

        Assert.True(Has("late"));
    }

    [Fact]
    public void Apply_NamespaceLosesItsLastService_IsGone()
    {
        _updater.Apply(Cluster.State);
        bool before = _records.HasNamespace("\u0004shop"u8);

        _updater.Apply(new ServiceSourceChange.Service(new NamespacedName("shop", "web"), null));

        Assert.Equal((true, false), (before, _records.HasNamespace("\u0004shop"u8)));
        Assert.True(_records.HasNamespace("\u0007default"u8));
    }

    [Fact]
    public void Apply_OneAddressOfSeveralServices_KeepsTheNamesOfTheRest()
    {
        UInt128 address = AddressKey.Of(System.Net.IPAddress.Parse("10.244.0.5"));
        foreach (string name in (string[])["a", "b"])
        {
            _updater.Apply(new ServiceSourceChange.Service(
                new NamespacedName("default", name), Cluster.AService("default", name, ["None"])));
            _updater.Apply(new ServiceSourceChange.Slice(
                new NamespacedName("default", name), Cluster.ASlice("default", name, "IPv4", [], Cluster.AnEndpoint("10.244.0.5", "pod"))));
        }

        string[] both = [.. _records.NamesOf(address).Order(StringComparer.Ordinal)];
        _updater.Apply(new ServiceSourceChange.Slice(new NamespacedName("default", "a"), null));

        Assert.Equal(["pod.a.default.svc.cluster.local", "pod.b.default.svc.cluster.local"], both);
        Assert.Equal(["pod.b.default.svc.cluster.local"], _records.NamesOf(address).AsEnumerable());
    }

    private bool Has(string service, string ns = "default") => _records.Find(
        [(byte)service.Length, .. Encoding.ASCII.GetBytes(service), (byte)ns.Length, .. Encoding.ASCII.GetBytes(ns)], []) is not null;
}
