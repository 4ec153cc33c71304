using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;
using Noded.Primitives;

namespace Noded.ApiServer.Documents;

/// <summary>Single values of documents, checked and in canonical form.</summary>
internal static class ScalarDecoder
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string MicroTimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly string[] TimeFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>The value in canonical form, the same object where it was so already; null if it has another type.</summary>
    /// <exception cref="SchemaMismatchException">It has the type, but not the form.</exception>
    public static JsonNode? Decode(JsonNode value, SchemaType type) => type.Kind switch
    {
        SchemaKind.Text => value.AsText() is null ? null : value,
        SchemaKind.Boolean => value.AsBoolean() is null ? null : value,
        SchemaKind.Integer => value.AsInteger() is { } number && number >= type.Minimum && number <= type.Maximum
            ? value
            : null,
        SchemaKind.Number => value is JsonValue && value.AsText() is null && value.AsBoolean() is null ? value : null,
        SchemaKind.IntOrString => value.AsText() is null && value.AsInteger() is null ? null : value,
        SchemaKind.Bytes => Bytes(value),
        SchemaKind.Time => Time(value, TimeFormat),
        SchemaKind.MicroTime => Time(value, MicroTimeFormat),
        SchemaKind.Duration => value.AsText() is null ? null : value,
        SchemaKind.Quantity => QuantityOf(value),
        _ => value,
    };

    public static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString(TimeFormat, CultureInfo.InvariantCulture);

    public static string MicroTime(DateTimeOffset time) =>
        time.ToUniversalTime().ToString(MicroTimeFormat, CultureInfo.InvariantCulture);

    public static bool TryTime(string? text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static JsonNode? Time(JsonNode value, string format)
    {
        if (value.AsText() is not { } text)
        {
            return null;
        }

        if (!TryTime(text, out DateTimeOffset time))
        {
            throw new SchemaMismatchException(
                $"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");
        }

        string canonical = time.ToUniversalTime().ToString(format, CultureInfo.InvariantCulture);
        return canonical == text ? value : JsonValue.Create(canonical);
    }

    private static JsonNode? QuantityOf(JsonNode value)
    {
        string? text = value.AsText() ?? (value is JsonValue && value.AsBoolean() is null ? value.ToString() : null);
        if (text is null)
        {
            return null;
        }

        if (text.Length == 0)
        {
            return JsonValue.Create("0");
        }

        if (!Quantity.TryParse(text, out Quantity quantity))
        {
            throw new SchemaMismatchException(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
        }

        string canonical = quantity.ToString();
        return value.AsText() == canonical ? value : JsonValue.Create(canonical);
    }

    private static JsonNode? Bytes(JsonNode value)
    {
        if (value.AsText() is not { } text)
        {
            return null;
        }

        if (Base64.IsValid(text))
        {
            return value;
        }

        int offset = text.AsSpan().IndexOfAnyExcept(Base64Characters);
        throw new SchemaMismatchException(
            $"illegal base64 data at input byte {(offset < 0 ? Math.Max(0, text.Length - (text.Length % 4)) : offset)}");
    }

    private static SearchValues<char> Base64Characters { get; } = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n");
}
