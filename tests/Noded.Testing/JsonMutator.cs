using System.Text;
using System.Text.Json.Nodes;

namespace Noded.Testing;

/// <summary>Breaks JSON documents at random, but the same way for the same seed: values, shapes and bytes.</summary>
public sealed class JsonMutator(int seed)
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1.5", "65536", "4294967296", "18446744073709551616", "1e400", "\"\"", "\"x\"",
        "\"10.0.0.1\"", "\"10.0.0.1/24\"", "\"fd00::1/64\"", "\"0.0.0.0/0\"", "\"255.255.255.255/32\"", "\"../../x\"", "\"a\\u0000b\"",
        $"\"{HalfCharacter}\"", "\"02:00:00:00:00:01\"", "[]", "{}", "[null]", "[[]]", "[{}]", "{\"x\":null}",
    ];

    // Stands for half of a character, which no writer of JSON would write.
    private const string HalfCharacter = "half-character";

    private readonly Random _random = new(seed);

    /// <summary>A variation of a document, mostly JSON still.</summary>
    public byte[] Mutate(string document)
    {
        JsonNode root = JsonNode.Parse(document)!;

        for (int i = _random.Next(1, 3); i > 0; i--)
        {
            ReplaceOne(root);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(root.ToJsonString().Replace(HalfCharacter, "\\ud800", StringComparison.Ordinal));
        return _random.Next(8) == 0 ? Garble(bytes) : bytes;
    }

    private void ReplaceOne(JsonNode root)
    {
        List<JsonNode> containers = [];
        Collect(root, containers);
        JsonNode container = containers[_random.Next(containers.Count)];

        if (container is JsonArray array)
        {
            ReplaceIn(array);
        }
        else if (container.AsObject() is { Count: > 0 } found)
        {
            string key = found.ElementAt(_random.Next(found.Count)).Key;

            if (_random.Next(6) == 0)
            {
                found.Remove(key);
            }
            else
            {
                found[key] = Value();
            }
        }
    }

    private void ReplaceIn(JsonArray array)
    {
        if (array.Count == 0 || _random.Next(3) == 0)
        {
            array.Add(Value());
        }
        else
        {
            array[_random.Next(array.Count)] = Value();
        }
    }

    private JsonNode? Value() => _random.Next(Values.Length + 1) is int i && i < Values.Length
        ? JsonNode.Parse(Values[i])
        : JsonValue.Create(new string('n', 70_000));

    private byte[] Garble(byte[] bytes)
    {
        bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
        return bytes[..(_random.Next(2) == 0 ? bytes.Length : _random.Next(bytes.Length))];
    }

    private static void Collect(JsonNode? node, List<JsonNode> containers)
    {
        switch (node)
        {
            case JsonObject fields:
                containers.Add(fields);
                fields.ToList().ForEach(field => Collect(field.Value, containers));
                break;
            case JsonArray array:
                containers.Add(array);
                array.ToList().ForEach(element => Collect(element, containers));
                break;
        }
    }
}
