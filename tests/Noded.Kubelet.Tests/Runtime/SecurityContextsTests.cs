using k8s.Models;
using Noded.Kubelet.Runtime;
using Noded.Protocols.Cri.V1;
using ProfileType = Noded.Protocols.Cri.V1.SecurityProfile.Types.ProfileType;

namespace Noded.Kubelet.Tests.Runtime;

public sealed class SecurityContextsTests
{
    [Fact]
    public void ForContainer_NothingSaid_IsUnprivilegedAndSeesLittleOfProc()
    {
        LinuxContainerSecurityContext context = ForContainer(new V1PodSpec(), null);

        Assert.Equal((false, false, false), (context.Privileged, context.ReadonlyRootfs, context.NoNewPrivs));
        Assert.Equal(ProfileType.Unconfined, context.Seccomp.ProfileType);
        Assert.Null(context.RunAsUser);
        Assert.Contains("/proc/kcore", context.MaskedPaths);
        Assert.Contains("/proc/sys", context.ReadonlyPaths);
    }

    [Theory]
    [InlineData(null, SupplementalGroupsPolicy.Merge)]
    [InlineData("Merge", SupplementalGroupsPolicy.Merge)]
    [InlineData("Strict", SupplementalGroupsPolicy.Strict)]
    public void Groups_OfTheImage_AreAddedUnlessThePodSaysNo(string? policy, SupplementalGroupsPolicy expected)
    {
        V1PodSpec pod = new()
        {
            Containers = [],
            SecurityContext = new V1PodSecurityContext { SupplementalGroupsPolicy = policy },
        };

        Assert.Equal(expected, SecurityContexts.ForSandbox(pod).SupplementalGroupsPolicy);
        Assert.Equal(expected, ForContainer(pod, null).SupplementalGroupsPolicy);
    }

    [Theory]
    [InlineData(false, null, ProfileType.Unconfined)]
    [InlineData(true, null, ProfileType.RuntimeDefault)]
    [InlineData(true, "Unconfined", ProfileType.Unconfined)]
    public void ForContainer_WithoutAProfile_HasTheNodesDefault(bool seccompDefault, string? own, ProfileType expected)
    {
        V1Container container = new()
        {
            SecurityContext = own is null ? null : new V1SecurityContext { SeccompProfile = new V1SeccompProfile { Type = own } },
        };

        Assert.Equal(
            expected,
            SecurityContexts.ForContainer(new V1Pod { Spec = new V1PodSpec() }, container, seccompDefault: seccompDefault).Seccomp.ProfileType);
    }

    [Fact]
    public void ForSandbox_WhateverThePodSays_HasTheRuntimesProfile() => Assert.Equal(
        ProfileType.RuntimeDefault,
        SecurityContexts.ForSandbox(new V1PodSpec
        {
            Containers = [],
            SecurityContext = new V1PodSecurityContext { SeccompProfile = new V1SeccompProfile { Type = "Unconfined" } },
        }).Seccomp.ProfileType);

    [Fact]
    public void ForContainer_Privileged_SeesAllOfProc()
    {
        LinuxContainerSecurityContext context = ForContainer(new V1PodSpec(), new V1SecurityContext { Privileged = true });

        Assert.True(context.Privileged);
        Assert.Empty(context.MaskedPaths);
        Assert.Empty(context.ReadonlyPaths);
    }

    [Fact]
    public void ForContainer_OwnFields_WinOverThePods()
    {
        V1PodSpec pod = new()
        {
            SecurityContext = new V1PodSecurityContext
            {
                RunAsUser = 1,
                RunAsGroup = 2,
                SeccompProfile = new V1SeccompProfile { Type = "Unconfined" },
            },
        };

        LinuxContainerSecurityContext own = ForContainer(pod, new V1SecurityContext
        {
            RunAsUser = 0,
            RunAsGroup = 4,
            SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" },
        });
        LinuxContainerSecurityContext inherited = ForContainer(pod, null);

        Assert.Equal((0L, 4L, ProfileType.RuntimeDefault), (own.RunAsUser.Value, own.RunAsGroup.Value, own.Seccomp.ProfileType));
        Assert.Equal((1L, 2L), (inherited.RunAsUser.Value, inherited.RunAsGroup.Value));
    }

    [Fact]
    public void ForContainer_Restrictions_AreHandedOn()
    {
        LinuxContainerSecurityContext context = ForContainer(new V1PodSpec(), new V1SecurityContext
        {
            ReadOnlyRootFilesystem = true,
            AllowPrivilegeEscalation = false,
            Capabilities = new V1Capabilities { Add = ["NET_ADMIN"], Drop = ["ALL"] },
        });

        Assert.Equal((true, true), (context.ReadonlyRootfs, context.NoNewPrivs));
        Assert.Equal(["NET_ADMIN"], context.Capabilities.AddCapabilities);
        Assert.Equal(["ALL"], context.Capabilities.DropCapabilities);
    }

    [Fact]
    public void ForContainer_ProfilesAndProcMount_AreHandedOn()
    {
        V1PodSpec pod = new()
        {
            SecurityContext = new V1PodSecurityContext
            {
                SeccompProfile = new V1SeccompProfile { Type = "Localhost", LocalhostProfile = "a/b.json" },
                SeLinuxOptions = new V1SELinuxOptions { Type = "of_the_pod", Level = "s0" },
            },
        };

        LinuxContainerSecurityContext context = SecurityContexts.ForContainer(
            new V1Pod { Spec = pod },
            new V1Container
            {
                SecurityContext = new V1SecurityContext
                {
                    ProcMount = "Unmasked",
                    SeLinuxOptions = new V1SELinuxOptions { Type = "of_the_container" },
                },
            },
            "/var/lib/kubelet/seccomp");

        Assert.Equal(
            (ProfileType.Localhost, "/var/lib/kubelet/seccomp/a/b.json"),
            (context.Seccomp.ProfileType, context.Seccomp.LocalhostRef));
        Assert.Equal(("of_the_container", ""), (context.SelinuxOptions.Type, context.SelinuxOptions.Level));
        Assert.Empty(context.MaskedPaths);
        Assert.Empty(context.ReadonlyPaths);
    }

    [Theory]
    [InlineData("RuntimeDefault", "", ProfileType.RuntimeDefault)]
    [InlineData("Unconfined", "", ProfileType.Unconfined)]
    [InlineData("Localhost", "k8s-deny", ProfileType.Localhost)]
    public void ForContainer_AppArmorProfile_IsHandedOn(string type, string localhost, ProfileType expected)
    {
        V1AppArmorProfile profile = new() { Type = type, LocalhostProfile = localhost.Length == 0 ? null : localhost };

        SecurityProfile handedOn = ForContainer(new V1PodSpec(), new V1SecurityContext { AppArmorProfile = profile }).Apparmor;

        Assert.Equal((expected, localhost), (handedOn.ProfileType, handedOn.LocalhostRef));
    }

    [Fact]
    public void ForSandbox_GroupsOfThePod_StartWithTheFileSystems()
    {
        V1PodSpec pod = new()
        {
            Containers = [],
            SecurityContext = new V1PodSecurityContext { FsGroup = 7, SupplementalGroups = [8, 9], RunAsUser = 5, RunAsGroup = 6 },
        };

        LinuxSandboxSecurityContext context = SecurityContexts.ForSandbox(pod);

        Assert.Equal([7L, 8L, 9L], context.SupplementalGroups);
        Assert.Equal((5L, 6L), (context.RunAsUser.Value, context.RunAsGroup.Value));
        Assert.Equal([7L, 8L, 9L], ForContainer(pod, null).SupplementalGroups);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void ForSandbox_OneContainerPrivileged_IsPrivileged(bool privileged, bool expected) => Assert.Equal(
        expected,
        SecurityContexts.ForSandbox(new V1PodSpec
        {
            Containers = [new V1Container(), new V1Container { SecurityContext = new V1SecurityContext { Privileged = privileged } }],
        }).Privileged);

    [Theory]
    [InlineData(null, null, null, null, "Pod Pod Container")]
    [InlineData(true, null, null, null, "Node Pod Container")]
    [InlineData(null, true, null, null, "Pod Node Container")]
    [InlineData(null, null, true, null, "Pod Pod Node")]
    [InlineData(null, null, null, true, "Pod Pod Pod")]
    [InlineData(null, null, true, true, "Pod Pod Node")]
    public void ForSandbox_HostNamespaces_AreTheNodes(bool? network, bool? ipc, bool? pid, bool? shared, string expected)
    {
        NamespaceOption options = SecurityContexts.ForSandbox(new V1PodSpec
        {
            Containers = [],
            HostNetwork = network,
            HostIPC = ipc,
            HostPID = pid,
            ShareProcessNamespace = shared,
        }).NamespaceOptions;

        Assert.Equal(expected, $"{options.Network} {options.Ipc} {options.Pid}");
    }

    [Fact]
    public void Users_OfThePod_AreThoseOfSandboxAndContainers()
    {
        V1PodSpec pod = new() { Containers = [] };
        UserMapping users = new(131072, 65536);

        foreach (NamespaceOption options in (NamespaceOption[])
            [
                SecurityContexts.ForSandbox(pod, users).NamespaceOptions,
                SecurityContexts.ForContainer(new V1Pod { Spec = pod }, new V1Container(), users: users).NamespaceOptions,
            ])
        {
            Assert.Equal(NamespaceMode.Pod, options.UsernsOptions.Mode);
            Assert.Equal(new IDMapping { HostId = 131072, ContainerId = 0, Length = 65536 }, Assert.Single(options.UsernsOptions.Uids));
            Assert.Equal(options.UsernsOptions.Uids, options.UsernsOptions.Gids);
        }

        Assert.Null(SecurityContexts.ForSandbox(pod).NamespaceOptions.UsernsOptions);
    }

    private static LinuxContainerSecurityContext ForContainer(V1PodSpec pod, V1SecurityContext? own) =>
        SecurityContexts.ForContainer(new V1Pod { Spec = pod }, new V1Container { SecurityContext = own });
}
