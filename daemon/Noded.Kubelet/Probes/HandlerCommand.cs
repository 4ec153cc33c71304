using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Probes;

/// <summary>The command that a probe or hook runs in its container.</summary>
internal static class HandlerCommand
{
    /// <summary>With what the container's own part of the spec gives for <c>$(NAME)</c>.</summary>
    internal static ImmutableArray<string> Of(V1ExecAction exec, V1Container container)
    {
        ImmutableArray<KeyValuePair<string, string>> environment =
        [
            .. (container.Env ?? []).Where(variable => variable.ValueFrom is null)
                .Select(variable => KeyValuePair.Create(variable.Name, variable.Value ?? string.Empty)),
        ];
        return PodEnvironment.Expand(exec.Command, environment);
    }
}
