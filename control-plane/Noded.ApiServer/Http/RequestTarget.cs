using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Http;

/// <summary>What a path under <c>/api</c> or <c>/apis</c> names.</summary>
internal sealed record RequestTarget(string Group, string Version, string? Namespace, string Resource)
{
    public string? Name { get; init; }

    public string? Subresource { get; init; }

    /// <summary>What follows the subresource: the path that a proxy passes on.</summary>
    public string Rest { get; init; } = "";

    /// <summary>Reads a path; null if it names no resource.</summary>
    /// <exception cref="ApiStatusException">A part of it is no name.</exception>
    public static RequestTarget? Parse(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api", "v1", _, ..] => Parse("", "v1", parts.AsSpan(2)),
            ["apis", string group, string version, _, ..] => Parse(group, version, parts.AsSpan(3)),
            _ => null,
        };
    }

    private static RequestTarget? Parse(string group, string version, ReadOnlySpan<string> parts)
    {
        string? ns = null;
        if (parts is ["namespaces", string name, _, ..] && !IsNamespaceSubresource(parts))
        {
            ns = name;
            parts = parts[2..];
        }

        return parts switch
        {
            [string resource] => new RequestTarget(group, version, ns, resource),
            [string resource, string name2] => new RequestTarget(group, version, ns, resource) { Name = name2 },
            [string resource, string name2, string subresource, ..] => new RequestTarget(group, version, ns, resource)
            {
                Name = name2,
                Subresource = subresource,
                Rest = string.Join('/', parts[3..].ToArray()),
            },
            _ => null,
        };
    }

    private static bool IsNamespaceSubresource(ReadOnlySpan<string> parts) =>
        parts is ["namespaces", _, "status" or "finalize"];
}
