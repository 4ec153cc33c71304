using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Documents;

[Trait("Category", "Conformance")]
public sealed class UpstreamSampleTests
{
    public static TheoryData<string, string> Kinds => new(SchemaCatalog.BuiltIn.Resources
        .Select(resource => (resource.GroupVersion, resource.Kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_SampleOfTheKind_KnowsEveryField(string groupVersion, string kind)
    {
        (JsonObject sample, SchemaType type) = Read(groupVersion, kind);

        Assert.Empty(SchemaDecoder.Decode(sample, type));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Write_SampleOfTheKind_IsUpstreamsProtobuf(string groupVersion, string kind)
    {
        (JsonObject sample, SchemaType type) = Read(groupVersion, kind);
        SchemaDecoder.Decode(sample, type);

        byte[] written = ProtobufWriter.Write(sample, type);

        Assert.Equal(
            Convert.ToHexString(File.ReadAllBytes(UpstreamSamples.File(groupVersion, kind, "pb"))),
            Convert.ToHexString(written));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_UpstreamsProtobufOfTheKind_IsTheSample(string groupVersion, string kind)
    {
        (JsonObject sample, SchemaType type) = Read(groupVersion, kind);
        SchemaDecoder.Decode(sample, type);

        UnknownObject frame = ProtobufReader.ReadFrame(File.ReadAllBytes(
            UpstreamSamples.File(groupVersion, kind, "pb")));
        JsonObject read = ProtobufReader.Read(frame.Raw, type);
        read["apiVersion"] = frame.ApiVersion;
        read["kind"] = frame.Kind;

        Assert.True(JsonNode.DeepEquals(sample, read), $"{sample.ToJsonString()}\n{read.ToJsonString()}");
    }

    private static (JsonObject Sample, SchemaType Type) Read(string groupVersion, string kind)
    {
        Assert.SkipWhen(UpstreamSamples.Directory is null, "golang-k8s-api-dev is not unpacked: make debian-packages");
        byte[] json = File.ReadAllBytes(UpstreamSamples.File(groupVersion, kind, "json"));
        JsonObject sample = Assert.IsType<JsonObject>(DocumentReader.ReadJson(json).Root);
        return (sample, SchemaCatalog.BuiltIn.Find(groupVersion, kind)!); // every resource has a type
    }
}
