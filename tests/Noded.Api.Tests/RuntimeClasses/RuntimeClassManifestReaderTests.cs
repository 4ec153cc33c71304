using System.Text;

using k8s.Models;

using Noded.Api.RuntimeClasses;

namespace Noded.Api.Tests.RuntimeClasses;

public sealed class RuntimeClassManifestReaderTests
{
    private const string Good = """
        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata: {name: gvisor}
        handler: runsc
        overhead: {podFixed: {memory: 64Mi, cpu: 50m}}
        scheduling:
          nodeSelector: {sandbox: "yes"}
          tolerations: [{key: sandbox, operator: Exists}]
        """;

    [Fact]
    public void Read_Class_HasAllItsFields()
    {
        V1RuntimeClass read = Assert.Single(Read(Good).Classes);

        Assert.Equal(("gvisor", "runsc"), (read.Metadata.Name, read.Handler));
        Assert.Equal(("64Mi", "50m"), (read.Overhead.PodFixed["memory"].ToString(), read.Overhead.PodFixed["cpu"].ToString()));
        Assert.Equal("yes", read.Scheduling.NodeSelector["sandbox"]);
        Assert.Single(read.Scheduling.Tolerations);
    }

    [Fact]
    public void Read_SeveralDocuments_AreAllRead() => Assert.Equal(
        ["gvisor", "kata"],
        Read(Good + "\n---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: kata}\nhandler: kata").Classes
            .Select(read => read.Metadata.Name));

    [Theory]
    [InlineData("kind: RuntimeClass", "kind: Pod", "classes.yaml:2: kind: Unsupported value: \"Pod\": supported values: \"RuntimeClass\"")]
    [InlineData("node.k8s.io/v1", "node.k8s.io/v1beta1", "classes.yaml:1: apiVersion: Unsupported value: \"node.k8s.io/v1beta1\": supported values: \"node.k8s.io/v1\"")]
    [InlineData("{name: gvisor}", "{}", "classes.yaml:3: metadata.name: Required value")]
    [InlineData("handler: runsc", "handler: \"\"", "classes.yaml:4: handler: Required value")]
    [InlineData("handler: runsc", "handlr: runsc", "classes.yaml:4: unknown field \"handlr\"")]
    [InlineData("64Mi", "-1", "classes.yaml:5: overhead.podFixed[memory]: Invalid value: \"-1\": must be greater than or equal to 0")]
    [InlineData("operator: Exists", "operator: Is", "classes.yaml:8: scheduling.tolerations[0].operator: Unsupported value: \"Is\": supported values: \"Equal\", \"Exists\"")]
    public void Read_Mistake_IsOneLineWithFileLineAndField(string right, string wrong, string expected)
    {
        RuntimeClassManifest manifest = Read(Good.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Equal(expected, Assert.Single(manifest.Errors).ToString());
        Assert.Empty(manifest.Classes);
    }

    [Fact]
    public void Read_HandlerThatIsNoLabel_IsRefused() => Assert.StartsWith(
        "classes.yaml:4: handler: Invalid value: \"run.sc\": a lowercase RFC 1123 label must consist",
        Assert.Single(Read(Good.Replace("runsc", "run.sc", StringComparison.Ordinal)).Errors).ToString(),
        StringComparison.Ordinal);

    private static RuntimeClassManifest Read(string text) =>
        RuntimeClassManifestReader.Read("/etc/noded/runtimeclasses/classes.yaml", Encoding.UTF8.GetBytes(text));
}
