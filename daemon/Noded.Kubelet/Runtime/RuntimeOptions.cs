using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Runtime;

/// <summary>What holds for all pods that this node's runtime is asked for.</summary>
/// <param name="SeccompDirectory">Where profiles that pods name are.</param>
/// <param name="SeccompDefault">Containers that name no profile get the runtime's instead of none.</param>
public sealed record RuntimeOptions(CgroupOptions Cgroups, string SeccompDirectory, bool SeccompDefault)
{
    /// <summary>How long a call may take, but for pulls.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(2);

    public static RuntimeOptions Default { get; } = new(CgroupOptions.Default, string.Empty, SeccompDefault: false);
}
