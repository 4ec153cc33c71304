using System.Text;

namespace Noded.Oci.Tests.Recipes;

public sealed class ImageRecipeFileTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Load_EveryKindOfEntry_IsInTheRecipe()
    {
        File.WriteAllText(_temp["tool"], "binary");
        Directory.CreateDirectory(_temp["share/deep"]);
        File.WriteAllText(_temp["share/deep/file"], "x");
        File.CreateSymbolicLink(_temp["share/link"], "deep/file");

        ImageRecipe recipe = Load("""
            {
              "reference": "a.b/c:1",
              "platform": { "os": "linux", "architecture": "arm64" },
              "created": "2026-01-01T00:00:00Z",
              "config": { "user": "1", "entrypoint": ["/tool"], "env": ["A=b"], "exposedPorts": ["80/tcp"] },
              "layers": [ { "entries": [
                { "file": "/tool", "from": "tool", "mode": "4755", "uid": 1, "gid": 2 },
                { "file": "/etc/conf", "text": "a = 1\n" },
                { "directory": "/tmp", "mode": "1777" },
                { "symlink": "/bin/sh", "target": "../tool" },
                { "tree": "/usr/share", "from": "share", "uid": 7 }
              ] } ]
            }
            """);

        Assert.Equal("linux/arm64", recipe.Platform.ToString());
        Assert.Equal(2026, recipe.Created.Year);
        Assert.Equal(
            ["/bin/sh", "/etc/conf", "/tmp", "/tool", "/usr/share/deep", "/usr/share/deep/file", "/usr/share/link"],
            recipe.Layers[0].Select(entry => entry.Path).Order(StringComparer.Ordinal));
        Assert.Equal(Images.Rwx | UnixFileMode.SetUser, recipe.Layers[0][0].Mode);
        Assert.Equal("a = 1\n", Encoding.UTF8.GetString(((LayerEntry.InlineFile)recipe.Layers[0][1]).Content.Span));
        Assert.Contains(recipe.Layers[0], entry => entry is LayerEntry.Symlink { Target: "deep/file", Uid: 7 });
    }

    [Theory]
    [InlineData("""{ "layers": [] }""", "$.reference")]
    [InlineData("""{ "reference": "A", "layers": [] }""", "$.reference")]
    [InlineData("""{ "reference": "a" }""", "$.layers")]
    [InlineData("""{ "reference": "a", "layers": [], "x": 1 }""", "$.x")]
    [InlineData("""{ "reference": "a", "layers": [ {} ] }""", "$.layers[0].entries")]
    [InlineData("""{ "reference": "a", "layers": [ null ] }""", "$.layers[0].entries")]
    [InlineData("""{ "reference": "a", "layers": [], "config": { "env": ["A"] } }""", "$.config.env[0]")]
    [InlineData("""{ "reference": "a", "layers": [], "config": { "env": [null] } }""", "$.config.env[0]")]
    [InlineData("""{ "reference": "a", "layers": [], "config": { "exposedPorts": ["0/tcp"] } }""", "$.config.exposedPorts[0]")]
    [InlineData("""{ "reference": "a", "layers": [], "config": { "workingDir": "x" } }""", "$.config.workingDir")]
    [InlineData("""{ "reference": "a", "layers": [], "created": "1969-01-01T00:00:00Z" }""", "$.created")]
    public void Load_FieldThatIsWrong_IsNamed(string json, string field)
    {
        RecipeException e = Assert.Throws<RecipeException>(() => Load(json));

        Assert.Equal(field, e.Field);
        Assert.StartsWith(_temp["recipe.json"], e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "file": "/a", "directory": "/a" }""", "")]
    [InlineData("{ }", "")]
    [InlineData("null", "")]
    [InlineData("""{ "file": "/a" }""", "")]
    [InlineData("""{ "file": "/a", "from": "x", "text": "" }""", "")]
    [InlineData("""{ "file": "/a", "from": "absent" }""", ".from")]
    [InlineData("""{ "file": "/a", "text": "", "mode": "9" }""", ".mode")]
    [InlineData("""{ "file": "/a", "text": "", "mode": "10000" }""", ".mode")]
    [InlineData("""{ "file": "/a", "text": "", "uid": -1 }""", ".uid")]
    [InlineData("""{ "file": "/a", "text": "", "target": "b" }""", ".target")]
    [InlineData("""{ "symlink": "/a" }""", ".target")]
    [InlineData("""{ "symlink": "/a", "target": "b", "mode": "0777" }""", ".mode")]
    [InlineData("""{ "tree": "/a", "from": "absent" }""", ".from")]
    public void Load_EntryThatIsWrong_IsNamed(string entry, string field)
    {
        RecipeException e = Assert.Throws<RecipeException>(
            () => Load($$"""{ "reference": "a", "layers": [ { "entries": [ {{entry}} ] } ] }"""));

        Assert.Equal("$.layers[0].entries[0]" + field, e.Field);
    }

    [Fact]
    public void Load_NotJson_SaysWhere()
    {
        RecipeException e = Assert.Throws<RecipeException>(() => Load("""{ "reference": """));

        Assert.Contains("is not JSON", e.Message, StringComparison.Ordinal);
    }

    private ImageRecipe Load(string json)
    {
        File.WriteAllText(_temp["recipe.json"], json);
        return ImageRecipeFile.Load(_temp["recipe.json"]);
    }
}
