using System.Text;

using k8s.Models;

using Noded.Api.Services;

namespace Noded.Api.Tests.Services;

public sealed class ServiceManifestReaderTests
{
    private const string Good = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: ClusterIP
          ports: [{port: 80}]
        """;

    [Fact]
    public void Read_Service_HasUpstreamsDefaults()
    {
        V1Service service = Assert.Single(Read(Good).Services);

        Assert.Equal("default", service.Metadata.NamespaceProperty);
        Assert.Equal(("None", "Cluster", null), (
            service.Spec.SessionAffinity, service.Spec.InternalTrafficPolicy, service.Spec.ExternalTrafficPolicy));
        Assert.Equal(("TCP", "80"), (service.Spec.Ports[0].Protocol, service.Spec.Ports[0].TargetPort.Value));
    }

    [Fact]
    public void Read_Affinity_HasUpstreamsTimeout()
    {
        ServiceManifest manifest = Read(Good.Replace("type: ClusterIP", "sessionAffinity: ClientIP", StringComparison.Ordinal));

        Assert.Equal(10800, manifest.Services[0].Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds);
    }

    [Fact]
    public void Read_SeveralDocuments_AreAllRead()
    {
        ServiceManifest manifest = Read(Good + """

            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-1, namespace: prod}
            addressType: IPv6
            endpoints: [{addresses: ["fd00::1"]}]
            ports: [{name: http, port: 8080}]
            """);

        Assert.Equal((1, 1, 0), (manifest.Services.Length, manifest.Slices.Length, manifest.Errors.Length));
    }

    [Theory]
    [InlineData("kind: Service", "kind: Pod", "web.yaml:2: kind: Unsupported value: \"Pod\": supported values: \"EndpointSlice\", \"Service\"")]
    [InlineData("apiVersion: v1", "apiVersion: v2", "web.yaml:1: apiVersion: Unsupported value: \"v2\": supported values: \"v1\"")]
    [InlineData("port: 80", "port: 0", "web.yaml:6: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [InlineData("port: 80", "prot: 80, port: 80", "web.yaml:6: unknown field \"spec.ports[0].prot\"")]
    [InlineData("{port: 80}", "", "web.yaml:6: spec.ports: Required value")]
    [InlineData("{port: 80}", "{port: 80, name: a}, {port: 81}", "web.yaml:6: spec.ports[1].name: Required value")]
    [InlineData("{port: 80}", "{port: 80, name: a}, {port: 80, name: b}", "web.yaml:6: spec.ports[1]: Duplicate value: \"80/TCP\"")]
    [InlineData("type: ClusterIP", "type: Cluster", "web.yaml:5: spec.type: Unsupported value: \"Cluster\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    [InlineData("type: ClusterIP", "type: NodePort", "web.yaml:6: spec.ports[0].nodePort: Required value: without an API server nobody allocates one")]
    [InlineData("type: ClusterIP", "clusterIP: 10.96.0.999", "web.yaml:5: spec.clusterIP: Invalid value: \"10.96.0.999\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [InlineData("type: ClusterIP", "loadBalancerSourceRanges: [10.0.0.0]", "web.yaml:5: spec.loadBalancerSourceRanges[0]: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [InlineData("type: ClusterIP", "internalTrafficPolicy: local", "web.yaml:5: spec.internalTrafficPolicy: Unsupported value: \"local\": supported values: \"Cluster\", \"Local\"")]
    [InlineData("{name: web}", "{}", "web.yaml:3: metadata.name: Required value")]
    public void Read_Mistake_IsOneLineWithFileLineAndField(string before, string after, string expected)
    {
        ServiceManifest manifest = Read(Good.Replace(before, after, StringComparison.Ordinal));

        Assert.Equal(expected, Assert.Single(manifest.Errors).ToString());
        Assert.Empty(manifest.Services);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("heavy")]
    public void Read_WeightThatIsNone_IsRefused(string weight)
    {
        ServiceManifest manifest = Read($$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: web-1
              annotations: {noded.dev/weight: "{{weight}}"}
            addressType: IPv4
            endpoints: [{addresses: [10.0.0.1]}]
            """);

        Assert.Equal(
            $"web.yaml:5: metadata.annotations[noded.dev/weight]: Invalid value: \"{weight}\": must be between 1 and 100, inclusive",
            Assert.Single(manifest.Errors).ToString());
    }

    [Fact]
    public void Read_EndpointWithoutAddress_IsRefused()
    {
        ServiceManifest manifest = Read("""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-1}
            addressType: IPv4
            endpoints: [{addresses: []}, {addresses: [nonsense]}]
            """);

        Assert.Equal(
            [
                "web.yaml:5: endpoints[0].addresses: Required value",
                "web.yaml:5: endpoints[1].addresses[0]: Invalid value: \"nonsense\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            ],
            manifest.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void Read_RandomlyBrokenManifest_EitherReadsOrExplains()
    {
        Random random = new(11);
        for (int i = 0; i < 500; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Good);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

            ServiceManifest manifest = ServiceManifestReader.Read("web.yaml", bytes);

            Assert.True(manifest.Errors.Length > 0 || manifest.Services.Length <= 1);
        }
    }

    private static ServiceManifest Read(string text) =>
        ServiceManifestReader.Read("/etc/kubernetes/services/web.yaml", Encoding.UTF8.GetBytes(text));
}
