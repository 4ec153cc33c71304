using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Noded.ServiceProxy.Datapath;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Datapath;

/// <summary>C is the truth: the types of the object that we ship, compared with their twins.</summary>
[Trait("Category", "Integration")]
public sealed class LayoutTests
{
    [Theory]
    [InlineData("frontend_key", typeof(FrontendKey))]
    [InlineData("frontend", typeof(FrontendEntry))]
    [InlineData("backend", typeof(BackendEntry))]
    [InlineData("affinity_key", typeof(AffinityKey))]
    [InlineData("affinity", typeof(AffinityEntry))]
    [InlineData("source_range_key", typeof(SourceRangeKey))]
    [InlineData("client", typeof(ClientEntry))]
    [InlineData("local_key", typeof(MapAddress))]
    [InlineData("flow_key", typeof(FlowKey))]
    [InlineData("flow", typeof(FlowEntry))]
    [InlineData("event", typeof(EventEntry))]
    public async Task SharedStruct_HasTheSameSizeAndOffsetsInCAndCSharp(string structure, Type twin)
    {
        JsonNode[] types = await ReadTypesAsync(structure.StartsWith("flow", StringComparison.Ordinal) ? "packet" : "socket");
        JsonNode type = Assert.Single(
            types, type => (string?)type["kind"] == "STRUCT" && (string?)type["name"] == structure);
        int[] offsets = [.. type["members"]!.AsArray().SelectMany(member => Offsets(types, member!))];

        Assert.Equal((int)type["size"]!, Marshal.SizeOf(twin));
        Assert.Equal(offsets, Offsets(twin).ToArray());
    }

    /// <summary>The offsets in bytes of a member's scalars; an array of 4 addresses words is one MapAddress.</summary>
    private static IEnumerable<int> Offsets(JsonNode[] types, JsonNode member)
    {
        int offset = (int)member["bits_offset"]! / 8;
        JsonNode type = types.Single(type => (int)type["id"]! == (int)member["type_id"]!);
        return (string?)type["kind"] switch
        {
            "STRUCT" => type["members"]!.AsArray().SelectMany(inner => Offsets(types, inner!)).Select(at => offset + at),
            "ARRAY" when (int)type["nr_elems"]! == 4 => [offset, offset + 4, offset + 8, offset + 12],
            "ARRAY" => Enumerable.Range(0, (int)type["nr_elems"]!).Select(i => offset + (8 * i)),
            _ => [offset],
        };
    }

    private static IEnumerable<int> Offsets(Type type)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            int offset = (int)Marshal.OffsetOf(type, field.Name);
            bool isStructure = field.FieldType is { IsPrimitive: false, IsEnum: false };
            IEnumerable<int> inner = isStructure ? Offsets(field.FieldType) : [0];
            foreach (int at in inner)
            {
                yield return offset + at;
            }
        }
    }

    private static async Task<JsonNode[]> ReadTypesAsync(string name)
    {
        Requires.Program("bpftool");
        CancellationToken token = TestContext.Current.CancellationToken;
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, BpfObjects.Read(name), token);
            ProgramResult result = await ChildProcess.RunAsync("bpftool", ["-j", "btf", "dump", "file", file], token);
            return [.. JsonNode.Parse(result.OrThrow().Output)!["types"]!.AsArray().OfType<JsonNode>()];
        }
        finally
        {
            File.Delete(file);
        }
    }
}
