using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using System.Xml;

using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Joins the types of types.tsv with the documentation of the package that has models of them. A line of the result is
/// a type, a field and a text, with tabs between them: the type is empty in the lines of its fields, the field in the
/// line of the type itself, and a vertical tab ends a paragraph.
/// </summary>
/// <remarks>A task of the build, which runs it without the analyzers and conveniences of the projects.</remarks>
public sealed class WriteDescriptions : Task
{
    private const int Width = 80;
    private const string Models = "k8s.Models.";

    [Required]
    public string Documentation { get; set; }

    [Required]
    public string Types { get; set; }

    [Required]
    public string Output { get; set; }

    public override bool Execute()
    {
        Dictionary<string, string> summaries = ReadSummaries();
        Dictionary<string, List<string[]>> types = ReadTypes();
        int described = 0;
        using (FileStream file = File.Create(Output))
        using (GZipStream zip = new GZipStream(file, CompressionLevel.Optimal))
        using (StreamWriter writer = new StreamWriter(zip, new UTF8Encoding(false)) { NewLine = "\n" })
        {
            foreach (string type in types.Keys.OrderBy(name => name, StringComparer.Ordinal))
            {
                string model = Candidates(type).FirstOrDefault(summaries.ContainsKey);
                if (model == null)
                {
                    continue;
                }

                described++;
                writer.WriteLine(type + "\t\t" + summaries[model]);
                foreach (string field in FieldsOf(type, types))
                {
                    // The package calls fields otherwise that would be words of C#.
                    string text;
                    if (summaries.TryGetValue(model + "." + field, out text)
                        || summaries.TryGetValue(model + "." + field + "Property", out text))
                    {
                        writer.WriteLine("\t" + field + "\t" + text);
                    }
                }
            }
        }

        if (described * 2 < types.Count)
        {
            Log.LogError("{0} describes {1} of {2} types: has it other names now?", Documentation, described, types.Count);
        }

        return !Log.HasLoggedErrors;
    }

    /// <summary>Models have the version before their name, and the package, too, where two have the same.</summary>
    private static IEnumerable<string> Candidates(string type)
    {
        string[] parts = type.Split('/', '.');
        yield return Models + parts[0] + parts[1] + parts[2];
        yield return Models + parts[1] + parts[2];
    }

    private static IEnumerable<string> FieldsOf(string type, Dictionary<string, List<string[]>> types)
    {
        foreach (string[] cells in types[type])
        {
            bool isInline = cells.Length > 3 && cells[3].Contains("i");
            IEnumerable<string> names = isInline ? FieldsOf(cells[1], types) : new[] { cells[0] };
            foreach (string name in names)
            {
                yield return name;
            }
        }
    }

    private Dictionary<string, List<string[]>> ReadTypes()
    {
        Dictionary<string, List<string[]>> types = new Dictionary<string, List<string[]>>(StringComparer.Ordinal);
        List<string[]> fields = null;
        foreach (string[] cells in File.ReadLines(Types).Select(line => line.Split('\t')))
        {
            if (cells[0] == "type" && cells.Length == 2)
            {
                types[cells[1]] = fields = new List<string[]>();
            }
            else
            {
                fields.Add(cells);
            }
        }

        return types;
    }

    private Dictionary<string, string> ReadSummaries()
    {
        Dictionary<string, string> found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        using (XmlReader reader = XmlReader.Create(Documentation))
        {
            while (reader.ReadToFollowing("member"))
            {
                string name = reader.GetAttribute("name") ?? "";
                bool isModel = name.StartsWith("T:" + Models, StringComparison.Ordinal)
                    || name.StartsWith("P:" + Models, StringComparison.Ordinal);
                if (isModel && reader.ReadToDescendant("summary"))
                {
                    found[name.Substring(2)] = Unwrap(TextOf(reader));
                }
            }
        }

        return found;
    }

    private static string TextOf(XmlReader summary)
    {
        StringBuilder text = new StringBuilder();
        using (XmlReader inner = summary.ReadSubtree())
        {
            while (inner.Read())
            {
                text.Append(inner.NodeType == XmlNodeType.Text || inner.NodeType == XmlNodeType.Whitespace ? inner.Value : "");
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// The package breaks lines at a width. A line that had room for the next word was ended by upstream itself.
    /// </summary>
    private static string Unwrap(string summary)
    {
        string[] lines = summary.Trim().Split('\n').Select(line => line.Trim().Replace('\t', ' ')).ToArray();
        StringBuilder text = new StringBuilder(lines[0]);
        for (int i = 1; i < lines.Length; i++)
        {
            string next = lines[i].Split(' ')[0];
            bool isWrapped = lines[i - 1].Length > 0 && next.Length > 0 && lines[i - 1].Length + 1 + next.Length > Width;
            text.Append(isWrapped ? ' ' : '\v').Append(lines[i]);
        }

        return text.ToString();
    }
}
