using Noded.Api.Pods;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>Puts together what a sandbox is created from: its names, which runtime runs it, as which users.</summary>
internal sealed class SandboxSpecs(
    IRuntimeService runtime, PodNameService names, IRuntimeClasses classes, UserNamespaces users, PodLayout layout, PodJournal journal)
{
    /// <summary>Of a sandbox that is there, as its containers need it.</summary>
    /// <exception cref="PodConfigException">The pod cannot be called as it wishes.</exception>
    internal PodSandboxSpec Compose(Pod pod, uint attempt) => new(
        pod,
        attempt,
        journal.Hostname(pod, names.HostnameOf),
        layout.LogDirectory(pod.Uid, pod.Name),
        "/" + layout.PodCgroup(pod.Uid, pod.Manifest.QosClass()).Path)
    {
        Users = pod.Spec.HostUsers == false ? users.TryRead(pod.Uid) : null,
    };

    /// <summary>Of one that is to be created.</summary>
    /// <exception cref="PodConfigException">There is no such class, or its runtime cannot do what the pod asks for.</exception>
    /// <exception cref="PodRejectionException">The runtime cannot do it whatever the class.</exception>
    internal async Task<PodSandboxSpec> CompleteAsync(PodSandboxSpec sandbox, CancellationToken cancellationToken)
    {
        Pod pod = sandbox.Pod;
        string handler = HandlerOf(pod);
        if (pod.Spec.SecurityContext?.SupplementalGroupsPolicy == "Strict"
            && !await runtime.SupportsSupplementalGroupsPolicyAsync(cancellationToken))
        {
            throw new PodRejectionException(PodFailure.Rejected(
                "SupplementalGroupsPolicyNotSupported", "SupplementalGroupsPolicy=Strict is not supported in this node"));
        }

        if (pod.Spec.HostUsers == false)
        {
            await RequireUserNamespacesAsync(pod, handler, cancellationToken);
            layout.CreatePodDirectory(pod.Uid);
            sandbox = sandbox with { Users = users.Allocate(pod.Uid) };
        }

        PodDns dns = names.DnsOf(pod);
        journal.Warn(pod, dns.Warnings);
        return sandbox with { Dns = dns.Config, RuntimeHandler = handler };
    }

    private string HandlerOf(Pod pod)
    {
        if (pod.Spec.RuntimeClassName is not { Length: > 0 } name)
        {
            return string.Empty;
        }

        return classes.TryGet(name)?.Handler ?? throw journal.NoSandbox(pod, $"runtimeclass.node.k8s.io \"{name}\" not found");
    }

    private async Task RequireUserNamespacesAsync(Pod pod, string handler, CancellationToken cancellationToken)
    {
        if (!await runtime.SupportsUserNamespacesAsync(handler, cancellationToken))
        {
            string who = handler.Length == 0 ? "runtime" : $"RuntimeClass handler \"{handler}\"";
            throw journal.NoSandbox(pod, $"can't set `spec.hostUsers: false`, {who} does not support user namespaces");
        }
    }
}
