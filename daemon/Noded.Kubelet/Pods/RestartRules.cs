using k8s.Models;
using Noded.Api.Pods;

namespace Noded.Kubelet.Pods;

/// <summary>Whether a container that has ended is started again; upstream's rules.</summary>
/// <remarks>KEP-753 (sidecars), KEP-5307 (policies and rules of single containers).</remarks>
internal static class RestartRules
{
    /// <summary>The policy that holds for a container: its own before the pod's. Init containers run until they succeed.</summary>
    internal static string PolicyOf(V1PodSpec pod, V1Container container)
    {
        string policy = container.RestartPolicy ?? pod.RestartPolicy ?? "Always";
        return policy == "Always" && IsInit(pod, container) && !container.IsRestartableInit() ? "OnFailure" : policy;
    }

    internal static bool RestartsAfter(V1PodSpec pod, V1Container container, int exitCode) =>
        (container.RestartPolicyRules ?? []).Any(rule => Fits(rule, exitCode))
        || (PolicyOf(pod, container), exitCode) switch
        {
            ("Never", _) => false,
            ("OnFailure", 0) => false,
            _ => true,
        };

    internal static bool IsInit(V1PodSpec pod, V1Container container) =>
        pod.InitContainers?.Any(init => init.Name == container.Name) == true;

    private static bool Fits(V1ContainerRestartRule rule, int exitCode)
    {
        bool isListed = rule.ExitCodes?.Values?.Contains(exitCode) == true;
        return rule.ExitCodes?.OperatorProperty == "NotIn" ? !isListed : isListed;
    }
}
