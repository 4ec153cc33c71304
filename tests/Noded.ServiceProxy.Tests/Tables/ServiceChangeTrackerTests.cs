using System.Collections.Immutable;
using k8s.Models;
using Noded.Primitives;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Tests.Tables;

public sealed class ServiceChangeTrackerTests
{
    private static readonly NamespacedName Web = new("default", "web");
    private readonly ServiceChangeTracker _tracker = new(Plans.Node);

    [Fact]
    public void Compute_ServiceAndSlices_JoinsThemByPortName()
    {
        _tracker.Set(Web, AService(ports: [APort("http", 80), APort("admin", 81)]));
        Add("web-1", ASlice(["10.0.0.1"], ("http", 8080), ("admin", 9000)));
        Add("web-2", ASlice(["10.0.0.2"], ("http", 8888)));

        ImmutableArray<ServicePlan> plans = _tracker.Compute(Web);

        Assert.Equal(
            ["default/web:http IPv4 TCP", "default/web:admin IPv4 TCP"], plans.Select(plan => plan.Name.ToString()));
        Assert.Equal("10.0.0.1:8080 10.0.0.2:8888", string.Join(' ', plans[0].Cluster));
        Assert.Equal("10.0.0.1:9000", string.Join(' ', plans[1].Cluster));
    }

    [Fact]
    public void Compute_DualStack_HasAPlanForEachFamily()
    {
        V1Service service = AService();
        service.Spec.ClusterIPs = ["10.96.0.1", "fd01::1"];
        service.Spec.ExternalIPs = ["192.0.2.1", "2001:db8::1"];
        _tracker.Set(Web, service);
        Add("web-4", ASlice(["10.0.0.1"], ("", 8080)));
        V1EndpointSlice six = ASlice(["fd00::1"], ("", 8080));
        six.AddressType = "IPv6";
        Add("web-6", six);

        ImmutableArray<ServicePlan> plans = _tracker.Compute(Web);

        Assert.Equal(["10.96.0.1", "192.0.2.1"], plans[0].Frontends.Select(frontend => $"{frontend.Address}"));
        Assert.Equal(["fd01::1", "2001:db8::1"], plans[1].Frontends.Select(frontend => $"{frontend.Address}"));
        Assert.Equal(("10.0.0.1:8080", "[fd00::1]:8080"), ($"{plans[0].Cluster.Single()}", $"{plans[1].Cluster.Single()}"));
    }

    [Theory]
    [InlineData("None", "ClusterIP")]
    [InlineData("", "ClusterIP")]
    [InlineData("10.96.0.1", "ExternalName")]
    public void Compute_HeadlessOrExternal_IsNothing(string clusterIP, string type)
    {
        V1Service service = AService();
        (service.Spec.ClusterIP, service.Spec.ClusterIPs, service.Spec.Type) = (clusterIP, null, type);
        _tracker.Set(Web, service);

        Assert.Empty(_tracker.Compute(Web));
    }

    [Fact]
    public void Compute_OfAnotherProxy_IsNothing()
    {
        V1Service service = AService();
        service.Metadata.Labels =
            new Dictionary<string, string> { ["service.kubernetes.io/service-proxy-name"] = "other" };
        _tracker.Set(Web, service);

        Assert.Empty(_tracker.Compute(Web));
    }

    [Fact]
    public void Compute_HeadlessLabelOnTheServiceAlone_IsServedAllTheSame()
    {
        V1Service service = AService();
        service.Metadata.Labels = new Dictionary<string, string> { ["service.kubernetes.io/headless"] = "" };
        _tracker.Set(Web, service);

        Assert.Single(_tracker.Compute(Web));
    }

    [Fact]
    public void Compute_IngressOfModeProxy_IsNoFrontend()
    {
        V1Service service = AService();
        service.Spec.Type = "LoadBalancer";
        service.Status = new V1ServiceStatus
        {
            LoadBalancer = new V1LoadBalancerStatus
            {
                Ingress =
                [
                    new V1LoadBalancerIngress { Ip = "192.0.2.1", IpMode = "VIP" },
                    new V1LoadBalancerIngress { Ip = "192.0.2.2", IpMode = "Proxy" },
                    new V1LoadBalancerIngress { Ip = "192.0.2.3" },
                    new V1LoadBalancerIngress { Hostname = "lb.example" },
                ],
            },
        };
        _tracker.Set(Web, service);

        Assert.Equal(
            ["10.96.0.1", "192.0.2.1", "192.0.2.3"],
            _tracker.Compute(Web).Single().Frontends.Select(frontend => $"{frontend.Address}"));
    }

    [Fact]
    public void Compute_SourceRangesOfAnotherFamily_LetNobodyIn()
    {
        V1Service service = AService();
        service.Spec.Type = "LoadBalancer";
        service.Spec.LoadBalancerSourceRanges = ["2001:db8::/32", " 198.51.100.7/24 "];
        service.Status = new V1ServiceStatus
        {
            LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "192.0.2.1" }] },
        };
        _tracker.Set(Web, service);
        ServicePlan some = _tracker.Compute(Web).Single();
        service.Spec.LoadBalancerSourceRanges = ["2001:db8::/32"];

        ServicePlan none = _tracker.Compute(Web).Single();

        Assert.Equal(["198.51.100.0/24"], some.SourceRanges.Select(range => range.ToString()));
        Assert.Equal(["0.0.0.0/32"], none.SourceRanges.Select(range => range.ToString()));
    }

    [Fact]
    public void Compute_Affinity_HasUpstreamsDefault()
    {
        V1Service service = AService();
        service.Spec.SessionAffinity = "ClientIP";
        _tracker.Set(Web, service);
        TimeSpan standard = _tracker.Compute(Web).Single().Affinity;
        service.Spec.SessionAffinityConfig =
            new V1SessionAffinityConfig { ClientIP = new V1ClientIPConfig { TimeoutSeconds = 5 } };

        Assert.Equal(
            (TimeSpan.FromHours(3), TimeSpan.FromSeconds(5)), (standard, _tracker.Compute(Web).Single().Affinity));
    }

    [Fact]
    public void Compute_EndpointInTwoSlices_TakesTheBetterNews()
    {
        _tracker.Set(Web, AService());
        V1EndpointSlice old = ASlice(["10.0.0.1"], ("", 8080));
        old.Endpoints[0].Conditions = new V1EndpointConditions { Ready = false };
        Add("old", old);
        Add("new", ASlice(["10.0.0.1"], ("", 8080)));

        Assert.Equal("10.0.0.1:8080", string.Join(' ', _tracker.Compute(Web).Single().Cluster));
    }

    [Fact]
    public void Compute_EndpointThatCannotBe_IsLeftOut()
    {
        _tracker.Set(Web, AService());
        Add("a", ASlice(["10.0.0.1", "nonsense", "fd00::1", "010.0.0.1"], ("", 8080)));
        Add("b", ASlice(["10.0.0.3"], ("", 0)));
        Add("c", ASlice(["10.0.0.4"], ("", 70000)));

        Assert.Equal("10.0.0.1:8080", string.Join(' ', _tracker.Compute(Web).Single().Cluster));
    }

    [Fact]
    public void TakeChanged_SliceMovesToAnotherService_NamesBoth()
    {
        V1EndpointSlice slice = ASlice(["10.0.0.1"], ("", 8080));
        Add("slice", slice);
        _tracker.TakeChanged();
        V1EndpointSlice moved = ASlice(["10.0.0.1"], ("", 8080));
        moved.Metadata.Labels["kubernetes.io/service-name"] = "api";

        Add("slice", moved);

        Assert.Equal(["default/api", "default/web"], _tracker.TakeChanged().Select(name => name.ToString()));
        Assert.Empty(_tracker.TakeChanged());
    }

    [Theory]
    [InlineData("service.kubernetes.io/headless")]
    [InlineData("service.kubernetes.io/service-proxy-name")]
    public void TakeChanged_SliceThatIsNotOurs_IsNoChange(string label)
    {
        V1EndpointSlice slice = ASlice(["10.0.0.1"], ("", 8080));
        slice.Metadata.Labels[label] = "";

        Add("slice", slice);

        Assert.Empty(_tracker.TakeChanged());
    }

    [Fact]
    public void Compute_SliceRemoved_IsWithoutIt()
    {
        _tracker.Set(Web, AService());
        Add("slice", ASlice(["10.0.0.1"], ("", 8080)));

        Add("slice", null);

        Assert.Empty(_tracker.Compute(Web).Single().Cluster);
    }

    private void Add(string name, V1EndpointSlice? slice) => _tracker.Set(new NamespacedName("default", name), slice);

    private static V1Service AService(params V1ServicePort[] ports) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "10.96.0.1",
            ClusterIPs = ["10.96.0.1"],
            Type = "ClusterIP",
            Ports = ports.Length > 0 ? ports : [APort(null, 80)],
        },
    };

    private static V1ServicePort APort(string? name, int port) => new() { Name = name, Port = port, Protocol = "TCP" };

    private static V1EndpointSlice ASlice(string[] addresses, params (string Name, int Port)[] ports) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
        },
        Endpoints = [.. addresses.Select(address => new V1Endpoint { Addresses = [address] })],
        Ports = [.. ports.Select(port => new Discoveryv1EndpointPort { Name = port.Name, Port = port.Port })],
    };
}
