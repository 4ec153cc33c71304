using k8s.Models;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodEnvironmentTests
{
    [Theory]
    [InlineData("$(A)", "1")]
    [InlineData("x$(A)y$(B)", "x1y2")]
    [InlineData("$(MISSING)", "$(MISSING)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$A", "$A")]
    [InlineData("$(A", "$(A")]
    [InlineData("$()", "$()")]
    [InlineData("a$", "a$")]
    [InlineData("", "")]
    public void Expand_References_AreUpstreams(string text, string expected) => Assert.Equal(
        expected, PodEnvironment.Expand(text, new Dictionary<string, string> { ["A"] = "1", ["B"] = "2" }));

    [Fact]
    public void Compute_Variables_SeeThoseBeforeThemOnly()
    {
        V1Container container = new()
        {
            Env =
            [
                new V1EnvVar { Name = "A", Value = "$(B)" }, new V1EnvVar { Name = "B", Value = "b" },
                new V1EnvVar { Name = "C", Value = "$(A)$(B)" }, new V1EnvVar { Name = "B", Value = "$(B)2" },
            ],
        };

        Assert.Equal(
            ["A=$(B)", "B=b2", "C=$(B)b"],
            PodEnvironment.Compute(container, _ => "").Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public void Compute_NoValueFromElsewhere_IsNoVariable()
    {
        V1Container container = new()
        {
            Env =
            [
                new V1EnvVar { Name = "A", ValueFrom = new V1EnvVarSource() }, new V1EnvVar { Name = "B", Value = "$(A)" },
            ],
        };

        Assert.Equal(["B=$(A)"], PodEnvironment.Compute(container, _ => null).Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public void Compute_ValueFromElsewhere_IsUsedAsItIs()
    {
        V1Container container = new()
        {
            Env =
            [
                new V1EnvVar { Name = "A", Value = "1" },
                new V1EnvVar { Name = "B", ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = "x" } } },
                new V1EnvVar { Name = "C", Value = "$(B)" },
            ],
        };

        Assert.Equal(
            ["A=1", "B=$(A)x", "C=$(A)x"],
            PodEnvironment.Compute(container, source => "$(A)" + source.FieldRef.FieldPath).Select(pair => $"{pair.Key}={pair.Value}"));
    }
}
