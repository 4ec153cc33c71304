using System.Text.Json;

namespace Noded.Commands;

/// <summary>JSON for programs, on standard output.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>One document, indented, with a newline at its end.</summary>
    internal static void Write(Action<Utf8JsonWriter> document)
    {
        using Stream output = Console.OpenStandardOutput();
        using (Utf8JsonWriter json = new(output, Indented))
        {
            document(json);
        }

        output.WriteByte((byte)'\n');
    }
}
