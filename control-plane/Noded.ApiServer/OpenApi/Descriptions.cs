using System.IO.Compression;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.OpenApi;

/// <summary>What types and fields are for, in upstream's words; packaging/schemas/WriteDescriptions.cs made them.</summary>
internal sealed class Descriptions
{
    private readonly Dictionary<(string Type, string Field), string> _texts = [];

    private Descriptions()
    {
    }

    /// <summary>Unpacks all that the program contains. It is many times larger than packed: drop it after use.</summary>
    public static Descriptions Read()
    {
        using Stream packed = typeof(Descriptions).Assembly.GetManifestResourceStream("descriptions.gz")
            ?? throw new FileNotFoundException("The program does not contain descriptions.gz.");
        using GZipStream unpacked = new(packed, CompressionMode.Decompress);
        using StreamReader reader = new(unpacked);
        Descriptions descriptions = new();
        string type = "";
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t', 3);
            type = cells[0].Length > 0 ? cells[0] : type;
            descriptions._texts[(type, cells[1])] = cells[2].Replace('\v', '\n');
        }

        return descriptions;
    }

    /// <summary>Of a structure; null if nobody says what it is for.</summary>
    public string? Of(SchemaType type) => _texts.GetValueOrDefault((type.Name, ""));

    /// <summary>Of a field of a structure.</summary>
    public string? Of(SchemaType type, SchemaField field) => _texts.GetValueOrDefault((type.Name, field.Name));
}
