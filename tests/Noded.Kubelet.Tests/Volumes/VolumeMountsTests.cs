using k8s.Models;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Volumes;

namespace Noded.Kubelet.Tests.Volumes;

public sealed class VolumeMountsTests
{
    private static readonly Dictionary<string, string> Environment = new() { ["POD"] = "web", ["EMPTY"] = "", ["UP"] = ".." };

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("", "", null)]
    [InlineData("a/b", null, "a/b")]
    [InlineData(null, "logs/$(POD)", "logs/web")]
    [InlineData(null, "$$(POD)", "$(POD)")]
    [InlineData("a..b", null, "a..b")]
    public void SubPathOf_PathOrExpression_IsThePart(string? path, string? expression, string? expected) =>
        Assert.Equal(expected, SubPathOf(path, expression));

    [Theory]
    [InlineData("/a", null, "error SubPath `/a` must not be an absolute path")]
    [InlineData("a/../b", null, "unable to provision SubPath `a/../b`: must not contain '..'")]
    [InlineData(null, "$(UP)/b", "unable to provision SubPath `../b`: must not contain '..'")]
    [InlineData(null, "$(NONE)/$(EMPTY)/$(ALSO)", "missing value for ALSO, EMPTY, NONE")]
    public void SubPathOf_BadOne_IsRefusedInUpstreamsWords(string? path, string? expression, string message)
    {
        IOException e = Assert.Throws<IOException>(() => SubPathOf(path, expression));

        Assert.Equal(message, e.Message);
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData("Disabled", true, false)]
    [InlineData("IfPossible", false, false)]
    [InlineData("IfPossible", true, true)]
    [InlineData("Enabled", true, true)]
    public void IsRecursiveReadOnly_AsFarAsTheRuntimeCan(string? mode, bool isSupported, bool expected) => Assert.Equal(
        expected,
        VolumeMounts.IsRecursiveReadOnly(new V1VolumeMount { Name = "v", RecursiveReadOnly = mode }, isSupported));

    [Fact]
    public void IsRecursiveReadOnly_EnabledAndNotSupported_IsRefused()
    {
        V1VolumeMount mount = new() { Name = "v", RecursiveReadOnly = "Enabled" };

        IOException e = Assert.Throws<IOException>(() => VolumeMounts.IsRecursiveReadOnly(mount, false));

        Assert.EndsWith(
            "volume \"v\" requested recursive read-only mode, but it is not supported by the runtime", e.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, MountPropagation.None)]
    [InlineData("None", MountPropagation.None)]
    [InlineData("HostToContainer", MountPropagation.HostToContainer)]
    [InlineData("Bidirectional", MountPropagation.Bidirectional)]
    public void PropagationOf_Mode_IsTheRuntimes(string? mode, MountPropagation expected) =>
        Assert.Equal(expected, VolumeMounts.PropagationOf(new V1VolumeMount { MountPropagation = mode }));

    private static string? SubPathOf(string? path, string? expression) => VolumeMounts.SubPathOf(
        new V1VolumeMount { Name = "v", SubPath = path, SubPathExpr = expression }, Environment.GetValueOrDefault);
}
