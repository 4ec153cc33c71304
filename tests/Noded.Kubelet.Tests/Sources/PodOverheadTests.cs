using k8s.Models;
using Noded.Api;
using Noded.Api.Validation;
using Noded.Kubelet.Sources;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;

namespace Noded.Kubelet.Tests.Sources;

public sealed class PodOverheadTests
{
    private readonly ScriptedRuntimeClasses _classes = new();
    private readonly V1Pod _pod = SamplePods.APod().Manifest;

    public PodOverheadTests() => _classes.Add("gvisor", "runsc", new() { ["memory"] = new("64Mi") });

    [Theory]
    [InlineData(null, null)]
    [InlineData("unknown", null)]
    [InlineData("gvisor", "64Mi")]
    public void Apply_PodWithoutAnOverhead_HasThatOfItsClass(string? runtimeClass, string? expected)
    {
        _pod.Spec.RuntimeClassName = runtimeClass;

        Assert.Empty(Apply());
        Assert.Equal(expected, _pod.Spec.Overhead?["memory"].ToString());
    }

    [Theory]
    [InlineData("gvisor", "65536Ki", null)]
    [InlineData("gvisor", "65Mi", "spec.overhead: Forbidden: Pod's Overhead doesn't match RuntimeClass's defined Overhead")]
    [InlineData("unknown", "1Mi", null)]
    [InlineData(null, "1Mi", "spec.overhead: Forbidden: Pod Overhead set without corresponding RuntimeClass defined Overhead")]
    public void Apply_PodSaysItsOverhead_MustBeThatOfItsClass(string? runtimeClass, string memory, string? error)
    {
        _pod.Spec.RuntimeClassName = runtimeClass;
        _pod.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["memory"] = new(memory) };

        Assert.Equal(error is null ? [] : [error], Apply());
    }

    private IEnumerable<string> Apply()
    {
        FieldErrors errors = new();
        PodOverhead.Apply(_pod, _classes, FieldPath.Empty, errors);
        return errors.ToImmutable().Select(found => found.ToString());
    }
}
