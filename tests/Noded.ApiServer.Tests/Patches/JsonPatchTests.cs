using System.Text.Json.Nodes;

using Noded.ApiServer.Patches;

namespace Noded.ApiServer.Tests.Patches;

public sealed class JsonPatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/b","value":[1]}]""", """{"a":1,"b":[1]}""")]
    [InlineData("""{"a":[1,3]}""", """[{"op":"add","path":"/a/1","value":2}]""", """{"a":[1,2,3]}""")]
    [InlineData("""{"a":[1]}""", """[{"op":"add","path":"/a/-","value":2}]""", """{"a":[1,2]}""")]
    [InlineData("""{"a":1,"b":2}""", """[{"op":"remove","path":"/a"}]""", """{"b":2}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"/a","value":{"b":null}}]""", """{"a":{"b":null}}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"move","from":"/a/b","path":"/c"}]""", """{"a":{},"c":1}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("""{"a/b":1,"c~d":2}""", """[{"op":"remove","path":"/a~1b"},{"op":"test","path":"/c~0d","value":2}]""", """{"c~d":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"test","path":"/b","value":null}]""", """{"a":1}""")]
    public void Apply_Operations_GiveTheResult(string target, string patch, string expected)
    {
        JsonObject result = JsonPatch.Apply((JsonObject)JsonNode.Parse(target)!, JsonNode.Parse(patch)); // objects

        Assert.Equal(expected, result.ToJsonString());
    }

    [Theory]
    [InlineData("""{"op":"add"}""", false)]
    [InlineData("""[{"op":"add","path":"a","value":1}]""", false)]
    [InlineData("""[{"op":"add","path":"/a"}]""", false)]
    [InlineData("""[{"op":"jump","path":"/a"}]""", false)]
    [InlineData("""[1]""", false)]
    [InlineData("""[{"op":"remove","path":"/x"}]""", true)]
    [InlineData("""[{"op":"replace","path":"/x","value":1}]""", true)]
    [InlineData("""[{"op":"add","path":"/list/9","value":1}]""", true)]
    [InlineData("""[{"op":"add","path":"/list/01","value":1}]""", true)]
    [InlineData("""[{"op":"test","path":"/a","value":2}]""", true)]
    [InlineData("""[{"op":"replace","path":"","value":1}]""", true)]
    public void Apply_BrokenPatch_IsRefusedAsWhatItIs(string patch, bool isUnprocessable)
    {
        JsonObject target = new() { ["a"] = 1L, ["list"] = new JsonArray(1L) };

        PatchException refused = Assert.Throws<PatchException>(() => JsonPatch.Apply(target, JsonNode.Parse(patch)));

        Assert.Equal(isUnprocessable, refused.IsUnprocessable);
        Assert.Equal("""{"a":1,"list":[1]}""", target.ToJsonString());
    }

    [Fact]
    public void Apply_MergePatch_FollowsTheRfc()
    {
        JsonObject target = (JsonObject)JsonNode.Parse("""{"a":"b","c":{"d":"e","f":"g"},"l":[1]}""")!; // an object
        JsonObject patch = (JsonObject)JsonNode.Parse("""{"a":"z","c":{"f":null},"l":[2],"n":{"x":null,"y":1}}""")!; // too

        MergePatch.Apply(target, patch);

        Assert.Equal("""{"a":"z","c":{"d":"e"},"l":[2],"n":{"y":1}}""", target.ToJsonString());
    }
}
