using System.Text.Json.Nodes;

using Noded.ApiServer.Patches;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Patches;

public sealed class StrategicMergePatchTests
{
    /// <summary>What it is, the object, the patch, the result; all of them specs of pods.</summary>
    public static TheoryData<string, string, string, string> Cases => new()
    {
        { "scalar set", """{"nodeName":"a"}""", """{"nodeName":"b"}""", """{"nodeName":"b"}""" },
        { "scalar removed", """{"nodeName":"a","hostname":"h"}""", """{"nodeName":null}""", """{"hostname":"h"}""" },
        { "map merged", """{"nodeSelector":{"a":"1","b":"2"}}""", """{"nodeSelector":{"b":null,"c":"3"}}""", """{"nodeSelector":{"a":"1","c":"3"}}""" },
        { "map replaced", """{"nodeSelector":{"a":"1"}}""", """{"nodeSelector":{"$patch":"replace","c":"3"}}""", """{"nodeSelector":{"c":"3"}}""" },
        { "map deleted", """{"nodeSelector":{"a":"1"},"hostname":"h"}""", """{"nodeSelector":{"$patch":"delete"}}""", """{"hostname":"h"}""" },
        {
            "element merged",
            """{"containers":[{"name":"a","image":"1","tty":true},{"name":"b","image":"1"}]}""",
            """{"containers":[{"name":"a","image":"2"}]}""",
            """{"containers":[{"name":"a","image":"2","tty":true},{"name":"b","image":"1"}]}"""
        },
        {
            "element added before those of the server",
            """{"containers":[{"name":"a"}]}""",
            """{"containers":[{"name":"b"}]}""",
            """{"containers":[{"name":"b"},{"name":"a"}]}"""
        },
        {
            "element deleted",
            """{"containers":[{"name":"a"},{"name":"b"}]}""",
            """{"containers":[{"name":"a","$patch":"delete"}]}""",
            """{"containers":[{"name":"b"}]}"""
        },
        {
            "list replaced",
            """{"containers":[{"name":"a"},{"name":"b"}]}""",
            """{"containers":[{"$patch":"replace"},{"name":"c"}]}""",
            """{"containers":[{"name":"c"}]}"""
        },
        {
            "order set",
            """{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}""",
            """{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}],"containers":[{"name":"b","image":"2"}]}""",
            """{"containers":[{"name":"c"},{"name":"a"},{"name":"b","image":"2"}]}"""
        },
        {
            "order set, the server's own element stays before its follower",
            """{"containers":[{"name":"server"},{"name":"a"},{"name":"b"}]}""",
            """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}""",
            """{"containers":[{"name":"server"},{"name":"b"},{"name":"a"}]}"""
        },
        {
            "nested list by its own key",
            """{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"}]}]}""",
            """{"containers":[{"name":"a","ports":[{"containerPort":81}]}]}""",
            """{"containers":[{"name":"a","ports":[{"containerPort":81},{"containerPort":80,"name":"x"}]}]}"""
        },
        {
            "atomic list replaced",
            """{"tolerations":[{"key":"a"}]}""",
            """{"tolerations":[{"key":"b"}]}""",
            """{"tolerations":[{"key":"b"}]}"""
        },
        {
            "keys retained",
            """{"volumes":[{"name":"v","emptyDir":{}}]}""",
            """{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}""",
            """{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}"""
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_Case_GivesTheResult(string name, string target, string patch, string expected)
    {
        JsonObject document = Parse(target);

        StrategicMergePatch.Apply(document, Parse(patch), SchemaCatalog.BuiltIn["core/v1.PodSpec"]);

        Assert.True(JsonNode.DeepEquals(Parse(expected), document), $"{name}: {document.ToJsonString()}");
    }

    [Fact]
    public void Apply_ListOfScalars_AddsAndDeletes()
    {
        JsonObject metadata = Parse("""{"finalizers":["a/x","b/x","c/x"]}""");
        JsonObject patch = Parse("""{"$deleteFromPrimitiveList/finalizers":["b/x"],"finalizers":["d/x"],"$setElementOrder/finalizers":["d/x","a/x","c/x"]}""");

        StrategicMergePatch.Apply(metadata, patch, SchemaCatalog.BuiltIn["meta/v1.ObjectMeta"]);

        Assert.Equal("""{"finalizers":["d/x","a/x","c/x"]}""", metadata.ToJsonString());
    }

    [Theory]
    [InlineData("""{"containers":[{"image":"1"}]}""")]
    [InlineData("""{"nodeSelector":{"$patch":"unheard-of"}}""")]
    [InlineData("""{"$retainKeys":"name"}""")]
    [InlineData("""{"$retainKeys":["hostname"],"nodeName":"a"}""")]
    [InlineData("""{"$deleteFromPrimitiveList/x":1}""")]
    [InlineData("""{"containers":["a"]}""")]
    public void Apply_MalformedPatch_IsRefused(string patch)
    {
        JsonObject document = Parse("""{"containers":[{"name":"a"}]}""");

        Assert.Throws<PatchException>(() =>
            StrategicMergePatch.Apply(document, Parse(patch), SchemaCatalog.BuiltIn["core/v1.PodSpec"]));
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!; // the cases are objects
}
