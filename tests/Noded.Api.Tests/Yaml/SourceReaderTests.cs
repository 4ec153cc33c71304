using System.Collections.Immutable;
using System.Text;

using Noded.Api.Serialization;
using Noded.Api.Yaml;

namespace Noded.Api.Tests.Yaml;

public sealed class SourceReaderTests
{
    internal const string Pod = """
        # a comment
        metadata:
          labels:
            app.kubernetes.io/name: web
            "a[0]": b
        spec:
          containers:
          - name: one
            image: a
          - name: two
            args: [x,
              y]
        """;

    [Theory]
    [InlineData("metadata", 2)]
    [InlineData("metadata.labels", 3)]
    [InlineData("metadata.labels[app.kubernetes.io/name]", 4)]
    [InlineData("metadata.labels[a[0]]", 5)]
    [InlineData("spec.containers[0].image", 9)]
    [InlineData("spec.containers[1]", 10)]
    [InlineData("spec.containers[1].image", 10)]
    [InlineData("spec.containers[1].args[1]", 12)]
    [InlineData("spec.containers[7].image", 7)]
    [InlineData("spec.volumes[0].name", 6)]
    [InlineData("status", 2)]
    [InlineData("", 2)]
    public void LineOf_Path_IsTheNearestThatExists(string path, int line) =>
        Assert.Equal(line, Assert.Single(Read(Pod)).LineOf(path));

    [Fact]
    public void Read_Json_HasTheSameLines()
    {
        SourceDocument document = Assert.Single(Read("\n{\n\"a\":\n{\"b\":[1,\n2]},\n\"é\": \"x\"}"));

        string[] paths = ["a", "a.b", "a.b[0]", "a.b[1]", "é"];
        Assert.Equal([3, 4, 4, 5, 6], paths.Select(document.LineOf));
    }

    [Fact]
    public void Read_Stream_ListsDocumentsAndSkipsEmptyOnes()
    {
        ImmutableArray<SourceDocument> documents = Read("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");

        Assert.Equal(["""{"a":1}""", """{"b":2}"""], documents.Select(document => Encoding.UTF8.GetString(document.Json.Span)));
        Assert.Equal(6, documents[1].LineOf("b"));
    }

    [Fact]
    public void Read_ByteOrderMark_IsSkipped() => Assert.Single(Read("\uFEFF{\"a\":1}"));

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3\n", "f:3: duplicate field \"a\"")]
    [InlineData("{\"a\":1,\n\"a\":2}", "f:2: duplicate field \"a\"")]
    public void Read_DuplicateKey_IsKeptAside(string text, string error)
    {
        SourceDocument document = Assert.Single(Read(text));

        Assert.Equal(error, Assert.Single(document.Duplicates).ToString());
    }

    [Fact]
    public void Read_TooLarge_IsRefused() => Assert.Equal(
        "f: the file is too large: may not be more than 10 bytes",
        Assert.Throws<ManifestException>(() => Read("a: 12345678", SourceLimits.Default with { MaxBytes = 10 })).Message);

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("{a: ")]
    public void Read_TooDeep_IsRefused(string opening) =>
        Assert.Throws<ManifestException>(() => Read(string.Concat(Enumerable.Repeat(opening, 5000))));

    [Fact]
    public void Read_NotUtf8_NamesTheLine()
    {
        byte[] content = [.. "a: 1\nb: "u8, 0xFF, .. "\n"u8];

        ManifestException e = Assert.Throws<ManifestException>(() => SourceReader.Read("f", content));
        Assert.Equal("f:2: the file is not valid UTF-8", e.Message);
    }

    [Fact]
    public void Read_HalfASurrogate_IsAnError() =>
        Assert.Throws<ManifestException>(() => Read("""{"a":"\ud800"}"""));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Read_RandomBytes_EitherReadsOrExplains(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 3000; i++)
        {
            byte[] content = new byte[random.Next(64)];
            random.NextBytes(content);
            ReadsOrExplains(content);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Read_RandomPunctuation_EitherReadsOrExplains(int seed)
    {
        Random random = new(seed);
        const string Alphabet = "{}[]:,-?&*!|>'\"%@` \n\t#<.0eya\\";
        for (int i = 0; i < 3000; i++)
        {
            char[] text = [.. Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])];
            ReadsOrExplains(Encoding.UTF8.GetBytes(text));
        }
    }

    [Fact]
    public void Read_MutatedManifest_EitherReadsOrExplains()
    {
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] content = Encoding.UTF8.GetBytes(Pod);
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                content[random.Next(content.Length)] = (byte)random.Next(128);
            }

            ReadsOrExplains(content);
        }
    }

    private static void ReadsOrExplains(byte[] content)
    {
        try
        {
            foreach (SourceDocument document in SourceReader.Read("f", content))
            {
                _ = document.Json;
            }
        }
        catch (ManifestException e)
        {
            Assert.NotEmpty(e.Errors);
            Assert.DoesNotContain('\n', e.Errors[0].ToString());
        }
    }

    private static ImmutableArray<SourceDocument> Read(string text, SourceLimits? limits = null) =>
        SourceReader.Read("f", Encoding.UTF8.GetBytes(text), limits);
}
