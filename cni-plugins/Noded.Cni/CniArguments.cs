using Noded.Linux.Namespaces;

namespace Noded.Cni;

/// <summary>What the runtime says beside the configuration; see <see cref="CniEnvironment"/> for how.</summary>
/// <param name="NetworkNamespacePath">Null when the runtime gave none or it is gone, as DEL allows.</param>
/// <param name="SearchPath">Directories to look for other plugins in, in order.</param>
/// <param name="Extra">CNI_ARGS: <c>IP=10.0.0.7;IgnoreUnknown=1</c>, by key.</param>
public sealed record CniArguments(
    CniCommand Command,
    Attachment Attachment,
    string? NetworkNamespacePath,
    IReadOnlyList<string> SearchPath,
    IReadOnlyDictionary<string, string> Extra)
{
    /// <exception cref="InvalidOperationException">The verb came without one.</exception>
    public NetworkNamespace NetworkNamespace =>
        new(NetworkNamespacePath ?? throw new InvalidOperationException($"{Command} has no network namespace."));
}
