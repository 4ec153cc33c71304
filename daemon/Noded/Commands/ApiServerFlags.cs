using System.CommandLine;

namespace Noded.Commands;

/// <summary>
/// Upstream's flags that kubeadm's manifests have and that change nothing here. Each is taken with the values that
/// mean what the server does anyway; any other is refused, for nobody should believe in what is not there.
/// </summary>
internal static class ApiServerFlags
{
    private const string Unused = "Taken for upstream's manifests; without effect";

    private static readonly string[] Plugins =
    [
        "CertificateApproval", "CertificateSigning", "DefaultStorageClass", "DefaultTolerationSeconds", "LimitRanger",
        "NamespaceLifecycle", "NodeRestriction", "Priority", "RuntimeClass", "ServiceAccount",
    ];

    private static readonly (string Name, Func<string[], string?> Refuse)[] Checked =
    [
        ("--authorization-mode", values => values.Order(StringComparer.Ordinal).SequenceEqual(["Node", "RBAC"], StringComparer.Ordinal)
            ? null
            : "the server authorizes by Node,RBAC, and by nothing else"),
        ("--enable-admission-plugins", values => values.FirstOrDefault(value => !Plugins.Contains(value)) is { } other
            ? $"there is no {other} here; there are {string.Join(", ", Plugins)}"
            : null),
        ("--disable-admission-plugins", values => values.Length == 0 ? null : "no plugin can be left out"),
        ("--enable-bootstrap-token-auth", values => Only(values, "true", "bootstrap tokens are always known")),
        ("--allow-privileged", values => Only(values, "true", "privileged pods are always allowed")),
        ("--storage-media-type", values => Only(values, "application/json", "objects are kept as application/json")),
        ("--v", values => values.All(value => int.TryParse(value, out _)) ? null : "needs a number"),
    ];

    /// <summary>For parts that are not there: the proxy to nodes, and API servers behind this one.</summary>
    private static readonly string[] OfOtherParts =
    [
        "--kubelet-client-certificate", "--kubelet-client-key", "--kubelet-preferred-address-types", "--proxy-client-cert-file",
        "--proxy-client-key-file", "--requestheader-allowed-names", "--requestheader-client-ca-file",
        "--requestheader-extra-headers-prefix", "--requestheader-group-headers", "--requestheader-username-headers",
    ];

    internal static IEnumerable<Option> Create() =>
    [
        .. Checked.Select(flag => Create(flag.Name, flag.Refuse)), .. OfOtherParts.Select(name => Create(name, _ => null)),
    ];

    private static Option<string[]> Create(string name, Func<string[], string?> refuse)
    {
        Option<string[]> option = new(name) { Description = Unused, Hidden = true };
        option.Validators.Add(result =>
        {
            string[] values = [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            if (refuse(values) is { } why)
            {
                result.AddError($"{name}={string.Join(',', values)}: {why}.");
            }
        });
        return option;
    }

    private static string? Only(string[] values, string value, string why) => values.All(given => given == value) ? null : why;
}
