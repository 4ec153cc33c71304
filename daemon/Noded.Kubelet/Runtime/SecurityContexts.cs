using k8s.Models;
using Noded.Api.Pods;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

/// <summary>Maps the security context of pod and container to CRI's; the container's own fields win over the pod's.</summary>
internal static class SecurityContexts
{
    /// <summary>What containers must not see of /proc unless they are privileged; upstream's default list.</summary>
    private static readonly string[] MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] ReadonlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    internal static LinuxSandboxSecurityContext ForSandbox(V1PodSpec pod, UserMapping? users = null)
    {
        LinuxSandboxSecurityContext context = new()
        {
            NamespaceOptions = Namespaces(pod, users),
            Privileged = pod.Containers.Any(container => container.SecurityContext?.Privileged == true),
            // Whatever the pod says: that is for its containers, and the sandbox's own process needs next to nothing.
            Seccomp = Default(isRuntimes: true),
            SelinuxOptions = Selinux(pod.SecurityContext?.SeLinuxOptions),
            SupplementalGroupsPolicy = GroupsPolicy(pod),
        };
        if (pod.SecurityContext?.RunAsUser is { } user)
        {
            context.RunAsUser = new Int64Value { Value = user };
        }

        if (pod.SecurityContext?.RunAsGroup is { } group)
        {
            context.RunAsGroup = new Int64Value { Value = group };
        }

        context.SupplementalGroups.AddRange(Groups(pod));
        return context;
    }

    internal static LinuxContainerSecurityContext ForContainer(
        V1Pod manifest,
        V1Container container,
        string seccompDirectory = "",
        bool seccompDefault = false,
        UserMapping? users = null)
    {
        V1PodSpec pod = manifest.Spec;
        V1SecurityContext? own = container.SecurityContext;
        bool privileged = own?.Privileged == true;
        LinuxContainerSecurityContext context = new()
        {
            NamespaceOptions = Namespaces(pod, users),
            Privileged = privileged,
            ReadonlyRootfs = own?.ReadOnlyRootFilesystem == true,
            NoNewPrivs = own?.AllowPrivilegeEscalation == false,
            Seccomp = Seccomp(own?.SeccompProfile ?? pod.SecurityContext?.SeccompProfile, seccompDirectory) ?? Default(seccompDefault),
            SelinuxOptions = Selinux(own?.SeLinuxOptions ?? pod.SecurityContext?.SeLinuxOptions),
            Apparmor = AppArmor(AppArmorProfiles.Find(manifest, container)),
            Capabilities = new Capability(),
            SupplementalGroupsPolicy = GroupsPolicy(pod),
        };
        context.Capabilities.AddCapabilities.AddRange(own?.Capabilities?.Add ?? []);
        context.Capabilities.DropCapabilities.AddRange(own?.Capabilities?.Drop ?? []);
        if ((own?.RunAsUser ?? pod.SecurityContext?.RunAsUser) is { } user)
        {
            context.RunAsUser = new Int64Value { Value = user };
        }

        if ((own?.RunAsGroup ?? pod.SecurityContext?.RunAsGroup) is { } group)
        {
            context.RunAsGroup = new Int64Value { Value = group };
        }

        context.SupplementalGroups.AddRange(Groups(pod));
        if (!privileged && own?.ProcMount != "Unmasked")
        {
            context.MaskedPaths.AddRange(MaskedPaths);
            context.ReadonlyPaths.AddRange(ReadonlyPaths);
        }

        return context;
    }

    /// <summary>One for users as for groups.</summary>
    internal static IDMapping ToMapping(UserMapping users) => new() { HostId = users.First, Length = users.Length };

    private static NamespaceOption Namespaces(V1PodSpec pod, UserMapping? users) => new()
    {
        Network = pod.HostNetwork == true ? NamespaceMode.Node : NamespaceMode.Pod,
        Ipc = pod.HostIPC == true ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = (pod.HostPID, pod.ShareProcessNamespace) switch
        {
            (true, _) => NamespaceMode.Node,
            (_, true) => NamespaceMode.Pod,
            _ => NamespaceMode.Container,
        },
        UsernsOptions = users is null
            ? null
            : new UserNamespace { Mode = NamespaceMode.Pod, Uids = { ToMapping(users) }, Gids = { ToMapping(users) } },
    };

    private static IEnumerable<long> Groups(V1PodSpec pod)
    {
        IEnumerable<long> groups = (pod.SecurityContext?.SupplementalGroups ?? []).OfType<long>();
        return pod.SecurityContext?.FsGroup is { } fsGroup ? groups.Prepend(fsGroup) : groups;
    }

    private static SupplementalGroupsPolicy GroupsPolicy(V1PodSpec pod) =>
        pod.SecurityContext?.SupplementalGroupsPolicy == "Strict" ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge;

    private static SecurityProfile? Seccomp(V1SeccompProfile? profile, string directory) => profile?.Type switch
    {
        null => null,
        "RuntimeDefault" => new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
        "Unconfined" => Unconfined(),
        _ => new SecurityProfile
        {
            ProfileType = SecurityProfile.Types.ProfileType.Localhost,
            LocalhostRef = Path.Combine(directory, profile.LocalhostProfile ?? string.Empty),
        },
    };

    /// <summary>Null leaves it to the runtime, which has a profile of its own where the kernel enforces them.</summary>
    private static SecurityProfile? AppArmor(V1AppArmorProfile? profile) => profile?.Type switch
    {
        null => null,
        "RuntimeDefault" => new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
        "Unconfined" => Unconfined(),
        _ => new SecurityProfile
        {
            ProfileType = SecurityProfile.Types.ProfileType.Localhost,
            LocalhostRef = profile.LocalhostProfile ?? string.Empty,
        },
    };

    private static SELinuxOption? Selinux(V1SELinuxOptions? options) => options is null
        ? null
        : new SELinuxOption
        {
            User = options.User ?? string.Empty,
            Role = options.Role ?? string.Empty,
            Type = options.Type ?? string.Empty,
            Level = options.Level ?? string.Empty,
        };

    private static SecurityProfile Default(bool isRuntimes) => isRuntimes
        ? new() { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault }
        : Unconfined();

    private static SecurityProfile Unconfined() =>
        new() { ProfileType = SecurityProfile.Types.ProfileType.Unconfined };
}
