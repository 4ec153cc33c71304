using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Noded.Api.Serialization;

/// <summary>
/// Times of the API: RFC 3339, in UTC. Whole seconds are written without a fraction (metav1.Time), others with six
/// digits (metav1.MicroTime).
/// </summary>
internal sealed class ApiTimeConverter : JsonConverter<DateTime>
{
    public static bool TryParse(string text, out DateTime time)
    {
        // DateTimeOffset reads far more than RFC 3339: the shape is checked first.
        bool shaped = text.Length >= "2006-01-02T15:04:05Z".Length && text[4] == '-' && text[10] is 'T' or 't';
        bool parsed = DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset offset);
        time = offset.UtcDateTime;
        return shaped && parsed;
    }

    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TryParse(reader.GetString() ?? "", out DateTime time)
            ? time
            : throw new JsonException("The time is not RFC 3339.");

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options)
    {
        bool whole = value.Ticks % TimeSpan.TicksPerSecond == 0;
        string format = whole ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
        writer.WriteStringValue(value.ToUniversalTime().ToString(format, CultureInfo.InvariantCulture));
    }
}
