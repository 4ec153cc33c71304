using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Noded.Protocols.Cri.V1;

namespace Noded.Protocols.Tests;

/// <summary>Our definition of CRI says of each field what upstream's does: name, number, type and whether it repeats.</summary>
public sealed partial class CriContractTests
{
    private const string Variable = "NODED_CRI_PROTO";
    private const string Installed = "/usr/share/gocode/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto";

    [Fact]
    public void Messages_EachField_IsUpstreams()
    {
        string file = Environment.GetEnvironmentVariable(Variable) ?? Installed;
        Assert.SkipUnless(File.Exists(file), $"Needs golang-github-kubernetes-cri-api-dev, or {Variable}.");
        HashSet<string> upstream = [.. ReadFields(File.ReadAllLines(file))];

        List<string> ours = [.. CriReflection.Descriptor.MessageTypes.SelectMany(Fields)];

        Assert.NotEmpty(ours);
        Assert.Equal([], ours.Except(upstream));
    }

    private static IEnumerable<string> Fields(MessageDescriptor message) =>
    [
        .. message.Fields.InDeclarationOrder().Select(field =>
            $"{message.Name}.{field.Name} = {field.FieldNumber.ToString(CultureInfo.InvariantCulture)}: {TypeOf(field)}"),
        .. message.NestedTypes.Where(nested => nested.GetOptions()?.MapEntry != true).SelectMany(Fields),
    ];

    private static string TypeOf(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            IList<FieldDescriptor> pair = field.MessageType.Fields.InFieldNumberOrder();
            return $"map<{ScalarOf(pair[0])},{ScalarOf(pair[1])}>";
        }

        return (field.IsRepeated ? "repeated " : string.Empty) + ScalarOf(field);
    }

    private static string ScalarOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => field.MessageType.Name,
        FieldType.Enum => field.EnumType.Name,
        _ => field.FieldType.ToString().ToLowerInvariant(),
    };

    /// <summary>Lines of a .proto as <c>Message.field = 1: type</c>; options and comments do not count.</summary>
    private static IEnumerable<string> ReadFields(IEnumerable<string> lines)
    {
        Stack<string> blocks = [];
        foreach (string line in lines.Select(line => line.Split("//")[0].Trim()))
        {
            if (BlockPattern.Match(line) is { Success: true } block)
            {
                blocks.Push(block.Groups[2].Value);
            }
            else if (line.StartsWith("oneof", StringComparison.Ordinal))
            {
                // Its fields belong to the message around it.
                blocks.Push(blocks.Peek());
            }
            else if (blocks.Count > 0 && FieldPattern.Match(line) is { Success: true } field)
            {
                string type = field.Groups[2].Value.Replace(" ", string.Empty, StringComparison.Ordinal).Split('.')[^1];
                yield return $"{blocks.Peek()}.{field.Groups[3].Value} = {field.Groups[4].Value}: {field.Groups[1].Value}{type}";
            }

            if (line.EndsWith('}') && blocks.Count > 0)
            {
                blocks.Pop();
            }
        }
    }

    [GeneratedRegex(@"^(message|enum|service)\s+(\w+)\s*\{")]
    private static partial Regex BlockPattern { get; }

    [GeneratedRegex(@"^(repeated )?\s*(map<[^>]+>|[\w.]+)\s+(\w+)\s*=\s*([0-9]+)")]
    private static partial Regex FieldPattern { get; }
}
