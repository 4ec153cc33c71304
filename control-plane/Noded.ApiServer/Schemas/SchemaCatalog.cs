using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Noded.ApiServer.Schemas;

/// <summary>All types and built-in resources of the API.</summary>
internal sealed class SchemaCatalog
{
    private static readonly FrozenDictionary<string, string> GroupOfPackage = new Dictionary<string, string>
    {
        ["core"] = "",
        ["discovery"] = "discovery.k8s.io",
        ["events"] = "events.k8s.io",
        ["networking"] = "networking.k8s.io",
        ["rbac"] = "rbac.authorization.k8s.io",
        ["storage"] = "storage.k8s.io",
        ["coordination"] = "coordination.k8s.io",
        ["certificates"] = "certificates.k8s.io",
        ["scheduling"] = "scheduling.k8s.io",
        ["node"] = "node.k8s.io",
        ["authentication"] = "authentication.k8s.io",
        ["authorization"] = "authorization.k8s.io",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> PackageOfGroup =
        GroupOfPackage.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    private static readonly Lazy<SchemaCatalog> Shared = new(() => new SchemaCatalog());

    private readonly FrozenDictionary<string, SchemaType> _types;

    private SchemaCatalog()
    {
        _types = SchemaFacts.Read(Lines("types.tsv"));
        Resources = [.. Lines("resources.tsv").Where(line => !line.StartsWith('#')).Select(Resource)];
    }

    /// <summary>The facts that the program contains.</summary>
    public static SchemaCatalog BuiltIn => Shared.Value;

    public IEnumerable<SchemaType> Types => _types.Values;

    /// <summary>In the order of discovery.</summary>
    public ImmutableArray<ResourceDefinition> Resources { get; }

    /// <summary>A structure by the name that the facts give it: <c>core/v1.Pod</c>.</summary>
    public SchemaType this[string name] => _types[name];

    /// <summary>The structure of a kind, or null if there is none.</summary>
    public SchemaType? Find(string groupVersion, string kind)
    {
        string[] parts = groupVersion.Split('/');
        (string group, string version) = parts.Length == 2 ? (parts[0], parts[1]) : ("", parts[0]);
        return _types.GetValueOrDefault($"{PackageOf(group)}/{version}.{kind}")
            ?? _types.GetValueOrDefault($"meta/v1.{kind}");
    }

    /// <summary>The group of a structure by its name; null for types of no group.</summary>
    public static string? GroupOf(SchemaType type)
    {
        string package = type.Name.Split('/')[0];
        return package == "meta" ? null : GroupOfPackage.GetValueOrDefault(package, package);
    }

    private static string PackageOf(string group) => PackageOfGroup.GetValueOrDefault(group, group);

    private ResourceDefinition Resource(string line)
    {
        string[] cells = line.Split('\t');
        (string group, string version, string kind) = (cells[0], cells[1], cells[3]);
        string groupVersion = group.Length == 0 ? version : $"{group}/{version}";
        SchemaType schema = Find(groupVersion, kind) ?? throw new FormatException($"No type for {groupVersion} {kind}.");
        return new ResourceDefinition(group, version, cells[2], kind, cells[4] == "namespaced", schema)
        {
            ShortNames = Words(cells, 5),
            Categories = Words(cells, 6),
            Subresources = [.. Words(cells, 7).Select(word => Subresource(word, schema, groupVersion))],
            Verbs = Words(cells, 8) is { Length: > 0 } verbs ? verbs : ResourceDefinition.AllVerbs,
        };
    }

    private SubresourceDefinition Subresource(string text, SchemaType parent, string groupVersion)
    {
        string[] parts = text.Split(':');
        ImmutableArray<string> verbs = parts.Length > 1 ? [.. parts[^1].Split(',')] : ["get", "patch", "update"];
        if (parts.Length < 3)
        {
            return new SubresourceDefinition(parts[0], parent, groupVersion, verbs);
        }

        string name = parts[1].Contains('.', StringComparison.Ordinal) ? parts[1] : $"core/v1.{parts[1]}";
        SchemaType type = _types[name];
        string version = name.Split('/')[1].Split('.')[0];
        string group = GroupOf(type) ?? "";
        return new SubresourceDefinition(parts[0], type, group.Length == 0 ? version : $"{group}/{version}", verbs);
    }

    private static ImmutableArray<string> Words(string[] cells, int index) =>
        index < cells.Length ? [.. cells[index].Split(' ', StringSplitOptions.RemoveEmptyEntries)] : [];

    private static string[] Lines(string name)
    {
        using Stream stream = typeof(SchemaCatalog).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"The program does not contain {name}.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
