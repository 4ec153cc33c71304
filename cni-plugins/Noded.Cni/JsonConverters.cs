using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Noded.Primitives;

namespace Noded.Cni;

/// <summary>"10.244.1.7/24".</summary>
public sealed class IPPrefixConverter : JsonConverter<IPPrefix>
{
    public override IPPrefix Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && IPPrefix.TryParse(reader.GetString(), out IPPrefix prefix)
            ? prefix
            : throw new JsonException("it must be an address with a prefix length such as \"10.244.0.1/24\"");

    public override void Write(Utf8JsonWriter writer, IPPrefix value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>"10.244.1.7".</summary>
public sealed class IPAddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && IPAddressText.TryParse(reader.GetString(), out IPAddress? address)
            ? address
            : throw new JsonException("it must be an address such as \"10.244.0.1\"");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>"02:42:ac:11:00:02".</summary>
public sealed class MacAddressConverter : JsonConverter<MacAddress>
{
    public override MacAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && MacAddress.TryParse(reader.GetString(), out MacAddress address)
            ? address
            : throw new JsonException("it must be a MAC address such as \"02:42:ac:11:00:02\"");

    public override void Write(Utf8JsonWriter writer, MacAddress value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
