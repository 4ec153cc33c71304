using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Documents;

public sealed class SchemaDecoderTests
{
    private static readonly SchemaType Pod = SchemaCatalog.BuiltIn["core/v1.Pod"];

    [Fact]
    public void Decode_UnknownFields_AreNamedAndDropped()
    {
        JsonObject pod = Parse("""{"spec":{"foo":1,"containers":[{"name":"a","bar":{}}]},"metadata":{"labels":{"any":"x"}}}""");

        Assert.Equal(["\"spec.foo\"", "\"spec.containers[0].bar\""], SchemaDecoder.Decode(pod, Pod));
        Assert.Equal("""{"spec":{"containers":[{"name":"a"}]},"metadata":{"labels":{"any":"x"}}}""", pod.ToJsonString());
    }

    [Theory]
    [InlineData("""{"spec":{"containers":"x"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container")]
    [InlineData("""{"spec":{"containers":[{"name":1}]}}""", "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string")]
    [InlineData("""{"metadata":{"labels":{"a":true}}}""", "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels.a of type string")]
    [InlineData("""{"spec":{"priority":3000000000}}""", "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"priority":1.5}}""", "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"hostNetwork":"yes"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool")]
    [InlineData("""{"spec":[]}""", "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec")]
    [InlineData("""{"spec":{"overhead":{"cpu":"many"}}}""", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"")]
    public void Decode_WrongType_IsToldAsGoTellsIt(string json, string message)
    {
        SchemaMismatchException refused = Assert.Throws<SchemaMismatchException>(() => SchemaDecoder.Decode(Parse(json), Pod));

        Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void Decode_Values_AreCanonical()
    {
        JsonObject pod = Parse("""
            {"metadata":{"creationTimestamp":"2026-01-02T03:04:05+01:00","annotations":null},
             "spec":{"overhead":{"cpu":0.5,"memory":"1024Ki"},"nodeSelector":{"a":null},"priority":null}}
            """);

        SchemaDecoder.Decode(pod, Pod);

        Assert.Equal(
            """{"metadata":{"creationTimestamp":"2026-01-02T02:04:05Z"},"spec":{"overhead":{"cpu":"500m","memory":"1Mi"},"nodeSelector":{"a":""}}}""",
            pod.ToJsonString());
    }

    [Fact]
    public void ReadJson_FieldTwice_KeepsTheLastAndSaysSo()
    {
        ReadDocument read = DocumentReader.ReadJson("""{"a":[{"b":1,"b":2}]}"""u8);

        Assert.Equal(["\"a[0].b\""], read.Duplicates);
        Assert.Equal("""{"a":[{"b":2}]}""", read.Root?.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"a":1}{}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":1e999}""")]
    public void ReadJson_NoDocument_IsRefused(string json) =>
        Assert.Throws<DocumentException>(() => DocumentReader.ReadJson(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void ReadJson_TenThousandDeep_IsRefused()
    {
        byte[] json = Encoding.ASCII.GetBytes(new string('[', 10_000) + new string(']', 10_000));

        Assert.Throws<DocumentException>(() => DocumentReader.ReadJson(json));
    }

    [Fact]
    public void ReadJson_InvalidUtf8_IsRefused() =>
        Assert.Throws<DocumentException>(() => DocumentReader.ReadJson([(byte)'"', 0xff, (byte)'"']));

    [Fact]
    public void Read_RandomProtobuf_IsReadOrRefused()
    {
        Random random = new(7);
        byte[] sample = ProtobufWriter.Write(Parse("""{"metadata":{"name":"a","labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}"""), Pod);
        for (int i = 0; i < 10_000; i++)
        {
            byte[] broken = [.. sample];
            broken[random.Next(4, broken.Length)] = (byte)random.Next(256);
            try
            {
                ProtobufReader.Read(ProtobufReader.ReadFrame(broken).Raw, Pod);
            }
            catch (DocumentException)
            {
                // One of the two answers that there are.
            }
        }
    }

    private static JsonObject Parse(string json) =>
        (JsonObject)DocumentReader.ReadJson(Encoding.UTF8.GetBytes(json)).Root!; // the cases are objects
}
