using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Documents;

/// <summary>The small messages that stand for single values: times, quantities, integers or strings, raw JSON.</summary>
internal static class ProtobufScalars
{
    public static JsonNode? Read(ReadOnlySpan<byte> message, SchemaKind kind)
    {
        Dictionary<int, long> numbers = [];
        byte[] bytes = [];
        WireReader reader = new(message);
        while (!reader.IsAtEnd)
        {
            (int number, int wireType) = reader.ReadTag();
            if (wireType == 0)
            {
                numbers[number] = (long)reader.ReadVarint();
            }
            else if (wireType == 2)
            {
                bytes = reader.ReadBytes().ToArray();
            }
            else
            {
                reader.Skip(wireType);
            }
        }

        long first = numbers.GetValueOrDefault(1);
        return kind switch
        {
            SchemaKind.Quantity => JsonValue.Create(bytes.Length == 0 ? "0" : ProtobufReader.Text(bytes)),
            SchemaKind.IntOrString => first == 0
                ? JsonValue.Create((long)(int)numbers.GetValueOrDefault(2))
                : JsonValue.Create(ProtobufReader.Text(bytes)),
            SchemaKind.Time => numbers.Count == 0 ? null : JsonValue.Create(ScalarDecoder.Time(TimeOf(numbers))),
            SchemaKind.MicroTime =>
                numbers.Count == 0 ? null : JsonValue.Create(ScalarDecoder.MicroTime(TimeOf(numbers))),
            SchemaKind.Duration => JsonValue.Create(GoDuration.Format(first)),
            _ => bytes.Length == 0 ? null : DocumentReader.ReadJson(bytes).Root,
        };
    }

    public static void Write(WireWriter writer, JsonNode value, SchemaKind kind)
    {
        switch (kind)
        {
            case SchemaKind.Quantity:
                writer.WriteText(1, value.AsText() ?? value.ToString());
                break;
            case SchemaKind.IntOrString:
                bool isText = value.AsText() is not null;
                writer.WriteVarint(1, isText ? 1UL : 0);
                writer.WriteVarint(2, isText ? 0 : (ulong)(value.AsInteger() ?? 0));
                writer.WriteText(3, value.AsText() ?? "");
                break;
            case SchemaKind.Time or SchemaKind.MicroTime:
                if (ScalarDecoder.TryTime(value.AsText(), out DateTimeOffset time))
                {
                    writer.WriteVarint(1, (ulong)time.ToUnixTimeSeconds());
                    writer.WriteVarint(2, (ulong)(time.UtcTicks % TimeSpan.TicksPerSecond * 100));
                }

                break;
            case SchemaKind.Duration:
                writer.WriteVarint(1, (ulong)GoDuration.Parse(value.AsText()));
                break;
            default:
                writer.WriteBytes(1, Encoding.UTF8.GetBytes(value.ToJsonString()));
                break;
        }
    }

    private static DateTimeOffset TimeOf(Dictionary<int, long> numbers)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeSeconds(numbers.GetValueOrDefault(1))
                .AddTicks(numbers.GetValueOrDefault(2) / 100);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw WireReader.Malformed(string.Create(CultureInfo.InvariantCulture, $"time out of range: {e.Message}"));
        }
    }
}
