using k8s.Models;
using Noded.Api.Pods;

namespace Noded.Api.Tests.Pods;

public sealed class AppArmorProfilesTests
{
    [Theory]
    [InlineData("Localhost", "runtime/default", "Unconfined", "Localhost", "own")]
    [InlineData(null, "runtime/default", "Unconfined", "RuntimeDefault", null)]
    [InlineData(null, "unconfined", "RuntimeDefault", "Unconfined", null)]
    [InlineData(null, "localhost/of-the-annotation", "RuntimeDefault", "Localhost", "of-the-annotation")]
    [InlineData(null, "", "RuntimeDefault", "RuntimeDefault", null)]
    [InlineData(null, null, "RuntimeDefault", "RuntimeDefault", null)]
    [InlineData(null, null, null, null, null)]
    public void Find_FieldAnnotationAndPod_GoInThisOrder(
        string? own, string? annotation, string? ofPod, string? type, string? localhost)
    {
        V1Container container = new() { Name = "web", SecurityContext = new() { AppArmorProfile = Profile(own, "own") } };
        V1Pod pod = new()
        {
            Metadata = new V1ObjectMeta
            {
                Annotations = annotation is null
                    ? null
                    : new Dictionary<string, string> { [AppArmorProfiles.AnnotationPrefix + "web"] = annotation },
            },
            Spec = new V1PodSpec { SecurityContext = new() { AppArmorProfile = Profile(ofPod, null) } },
        };

        V1AppArmorProfile? found = AppArmorProfiles.Find(pod, container);

        Assert.Equal((type, localhost), (found?.Type, found?.LocalhostProfile));
    }

    private static V1AppArmorProfile? Profile(string? type, string? localhost) =>
        type is null ? null : new V1AppArmorProfile { Type = type, LocalhostProfile = localhost };
}
