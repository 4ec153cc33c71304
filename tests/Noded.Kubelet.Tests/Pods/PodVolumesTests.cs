using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>When volumes come and go in a pod's life.</summary>
public sealed class PodVolumesTests
{
    [Fact]
    public async Task Desire_PodWithAVolume_IsMountedIntoItsContainer()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        Pod pod = APod(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() });

        await harness.DesireAsync(pod);

        ContainerMount mount = Assert.Single(
            Assert.Single(harness.Runtime.Created).Mounts, mount => mount.ContainerPath != "/etc/hosts");
        Assert.Equal(("/v", true), (mount.ContainerPath, Directory.Exists(mount.HostPath)));
    }

    [Fact]
    public async Task Desire_VolumeThatCannotBeHad_StartsNothingUntilItCan()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        string path = Path.Combine(harness.Root, "late");

        await harness.DesireAsync(APod(
            new V1Volume { Name = "v", HostPath = new V1HostPathVolumeSource { Path = path, Type = "Directory" } }));

        Assert.Empty(harness.Runtime.Writes);
        NodeEvent failed = Assert.Single(harness.Events.Read());
        Assert.Equal("FailedMount", failed.Reason);
        Assert.Equal(
            "ContainerCreating",
            Assert.Single(Assert.Single(harness.Statuses.Reports.Values).Status.ContainerStatuses).State.Waiting.Reason);

        Directory.CreateDirectory(path);
        await harness.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Single(harness.Alive());
    }

    [Fact]
    public async Task Remove_PodWithAVolume_LeavesNoFile()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        await harness.DesireAsync(APod(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() }));

        await harness.DesireAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(harness.Root, "var/lib/kubelet/pods")));
    }

    [Fact]
    public async Task Found_FilesOfAPodThatNobodyWishes_AreRemovedOnceTheSourcesHaveTold()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        string left = Path.Combine(harness.Root, "var/lib/kubelet/pods/gone/volumes/kubernetes.io~empty-dir/v");
        string wished = Path.Combine(harness.Root, "var/lib/kubelet/pods/u1");
        Directory.CreateDirectory(left);
        Directory.CreateDirectory(wished);
        await File.WriteAllTextAsync(Path.Combine(left, "file"), "1", TestContext.Current.CancellationToken);

        harness.FindRemains();
        await harness.SettleAsync();
        Assert.True(Directory.Exists(left));
        await harness.DesireAsync(APod(new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource() }));

        Assert.Equal([wished], Directory.GetDirectories(Path.GetDirectoryName(wished)!));
        Assert.Single(harness.Alive());
    }

    [Fact]
    public async Task Found_LogsOfAPodThatNobodyWishes_AreRemoved()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        string logs = Path.Combine(harness.Root, "var/log/pods/default_web_gone/app");
        Directory.CreateDirectory(logs);

        harness.FindRemains();
        await harness.DesireAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(harness.Root, "var/log/pods")));
    }

    [Fact]
    public void Find_DirectoriesOfPods_TellUidAndWhereTheyCanTheName()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("nd-");
        try
        {
            Directory.CreateDirectory(Path.Combine(root.FullName, "var/log/pods/default_web_u1"));
            Directory.CreateDirectory(Path.Combine(root.FullName, "var/log/pods/strange"));
            Directory.CreateDirectory(Path.Combine(root.FullName, "var/lib/kubelet/pods/u1"));
            Directory.CreateDirectory(Path.Combine(root.FullName, "var/lib/kubelet/pods/u2"));
            NodePaths paths = new(root.FullName);
            PodLayout layout = new(paths, new CgroupfsDriver(new CgroupHierarchies([]), "noded"));
            IntentJournal intents = new(paths.PodIntents, new FlightRecorder(16, TimeProvider.System));
            intents.Write(new PodUid("u3"), PodIntents.None);

            Assert.Equal(
                ["u1 default/web", "u2 unknown/u2", "u3 unknown/u3"],
                PodRemains.Find(layout, intents).Select(pair => $"{pair.Key} {pair.Value}").Order());
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static Pod APod(V1Volume volume)
    {
        Pod pod = SamplePods.APod();
        pod.Spec.Volumes = [volume];
        pod.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = volume.Name, MountPath = "/" + volume.Name }];
        return pod;
    }
}
