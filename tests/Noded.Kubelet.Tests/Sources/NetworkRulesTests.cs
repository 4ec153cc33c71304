using k8s.Models;
using Noded.Api;
using Noded.Api.Validation;
using Noded.Kubelet.Sources;

namespace Noded.Kubelet.Tests.Sources;

public sealed class NetworkRulesTests
{
    private const string Annotation = "metadata.annotations[noded.dev/network]";

    [Fact]
    public void Find_NoneOrNothing_IsAllowed()
    {
        Assert.Empty(Find(null));
        Assert.Empty(Find("none"));
        Assert.Empty(Find(null, hostNetwork: true, hostPort: 80));
    }

    [Theory]
    [InlineData("bridge", false, 0, $"{Annotation}: Unsupported value: \"bridge\": supported values: \"none\"")]
    [InlineData("none", true, 0, $"{Annotation}: Forbidden: when `hostNetwork` is true")]
    [InlineData("none", false, 80, "spec.containers[0].ports[0].hostPort: Forbidden: nothing leads to a pod without a network")]
    public void Find_AnnotationAgainstTheRest_IsRefused(string value, bool hostNetwork, int hostPort, string error) =>
        Assert.Equal([error], Find(value, hostNetwork, hostPort));

    private static IEnumerable<string> Find(string? value, bool hostNetwork = false, int hostPort = 0)
    {
        FieldErrors errors = new();
        V1Pod pod = new()
        {
            Metadata = new V1ObjectMeta
            {
                Annotations = value is null ? null : new Dictionary<string, string> { ["noded.dev/network"] = value },
            },
            Spec = new V1PodSpec
            {
                HostNetwork = hostNetwork,
                Containers = [new V1Container { Name = "a", Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = hostPort }] }],
            },
        };
        NetworkRules.Find(pod, FieldPath.Empty, errors);
        return errors.ToImmutable().Select(error => $"{error.Field}: {error.Message}");
    }
}
