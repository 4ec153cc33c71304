using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Lifecycle;
using Noded.Kubelet.Pods.Network;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Volumes;

namespace Noded.Kubelet.Pods;

/// <summary>Puts together what a container is created from: its words, its environment, its mounts.</summary>
internal sealed class ContainerSpecs(
    VolumeManager volumes,
    PodNameService names,
    NonRootCheck nonRoot,
    TerminationMessages messages,
    NodeFacts node,
    EventRecorder events)
{
    /// <param name="podIps">The pod's addresses, in the host's network the host's.</param>
    /// <exception cref="ContainerStartException">The container cannot be created as it is.</exception>
    internal async Task<ContainerSpec> ComposeAsync(
        Pod pod, ContainerToStart start, string imageRef, ImmutableArray<string> podIps, CancellationToken cancellationToken)
    {
        V1Container container = start.Container;
        try
        {
            await nonRoot.CheckAsync(pod, container, imageRef, cancellationToken);
            EnvFiles files = await EnvFiles.ReadAsync(pod, container, volumes, cancellationToken);
            ImmutableArray<KeyValuePair<string, string>> environment = PodEnvironment.Compute(
                container,
                source => source.FileKeyRef is { } key
                    ? files.Resolve(key)
                    : DownwardApi.Resolve(pod, container, source, node, podIps));
            ImmutableArray<ContainerMount> mounts =
                await volumes.MountAsync(pod, container, environment, cancellationToken);
            if (!mounts.Any(mount => mount.ContainerPath == HostsFile.ContainerPath) && !podIps.IsEmpty)
            {
                mounts = mounts.Add(new ContainerMount(
                    HostsFile.ContainerPath, names.WriteHosts(pod, podIps), ReadOnly: false, MountPropagation.None, RecursiveReadOnly: false));
            }

            if (messages.Prepare(pod, start, mounts) is { } messageFile)
            {
                mounts = mounts.Add(messageFile);
            }

            return new ContainerSpec(
                container,
                start.Attempt,
                imageRef,
                SpecHash.Compute(container),
                PodEnvironment.Expand(container.Command, environment),
                PodEnvironment.Expand(container.Args, environment),
                environment,
                PodLayout.LogPath(container.Name, start.Attempt))
            {
                Mounts = mounts,
            };
        }
        catch (PodConfigException e)
        {
            events.Warn(Subjects.OfContainer(pod, container.Name), "Failed", $"Error: {e.Message}");
            throw new ContainerStartException("CreateContainerConfigError", e.Message);
        }
    }
}
