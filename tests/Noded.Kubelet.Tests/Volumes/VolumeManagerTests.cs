using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Events;
using Noded.Kubelet.Images;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Kubelet.Volumes;
using Noded.Linux.Cgroups;
using Noded.Linux.Files;
using Noded.Linux.Mounts;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Volumes;

/// <summary>On real files and mounts below a directory of its own.</summary>
[Trait("Category", "Integration")]
public sealed class VolumeManagerTests : IAsyncDisposable
{
    private static readonly V1EmptyDirVolumeSource OnDisk = new();
    private static readonly V1EmptyDirVolumeSource InMemory = new() { Medium = "Memory", SizeLimit = new ResourceQuantity("1Mi") };

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("nd-");
    private readonly TestClock _clock = new();
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly KubeletMetrics _metrics;
    private readonly EventRecorder _events;
    private readonly FlightRecorder _flight;
    private readonly FakeRuntimeService _runtime;
    private readonly PodLayout _layout;

    public VolumeManagerTests()
    {
        Requires.Root();
        _metrics = new KubeletMetrics(_registry);
        _flight = new FlightRecorder(64, _clock);
        _events = new EventRecorder(64, _flight, _clock);
        _runtime = new FakeRuntimeService(_clock);
        _layout = new PodLayout(new NodePaths(_root.FullName), new CgroupfsDriver(new CgroupHierarchies([]), "noded"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string PodDirectory => Path.Combine(_root.FullName, "var/lib/kubelet/pods/u1");

    [Fact]
    public async Task Prepare_EmptyDirOfAGroup_HasGroupAndMode()
    {
        Pod pod = APod(("v", OnDisk));
        pod.Spec.SecurityContext = new V1PodSecurityContext { FsGroup = 4321 };

        await Prepare(pod);

        FileStatus status = FileStatus.TryRead(EmptyDir("v"))!.Value;
        Assert.Equal((0x5FFu, 4321u), (status.Mode, status.Group));
    }

    [Fact]
    public async Task Prepare_Volumes_CountByPluginAndStatus()
    {
        Pod pod = APod(("v", OnDisk));
        pod.Spec.Volumes.Add(new V1Volume { Name = "h", HostPath = new V1HostPathVolumeSource { Path = "/nowhere", Type = "Directory" } });

        await Assert.ThrowsAsync<IOException>(() => Prepare(pod));
        await Assert.ThrowsAsync<IOException>(() => Prepare(pod));

        string text = await _registry.ReadTextAsync();
        const string count = "storage_operation_duration_seconds_count{migrated=\"false\",operation_name=\"volume_mount\",status=";
        Assert.Contains($"{count}\"success\",volume_plugin=\"kubernetes.io/empty-dir\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"{count}\"fail-unknown\",volume_plugin=\"kubernetes.io/host-path\"}} 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Count_OfPodsWithVolumes_IsWhatTheyWantAndWhatThereIs()
    {
        Pod pod = APod(("v", OnDisk));
        pod.Spec.Volumes.Add(HostPath("h", _root.FullName, "Directory"));
        Pod later = APod(("v", OnDisk), ("w", OnDisk)) with { Uid = new PodUid("u2") };

        await Prepare(pod);

        Assert.Equal(
            [new VolumeCount("kubernetes.io/empty-dir", 3, 1), new VolumeCount("kubernetes.io/host-path", 1, 1)],
            Volumes().Count([pod, later]));
    }

    [Fact]
    public async Task Prepare_EmptyDirInMemory_IsATmpfsOfTheSize()
    {
        await Prepare(APod(("v", InMemory)));

        MountInfo mount = Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == EmptyDir("v"));
        Assert.Equal("tmpfs", mount.FileSystem);
        Assert.Contains("size=1024k", mount.SuperOptions, StringComparison.Ordinal);
        Assert.Equal(0x3FFu, FileStatus.TryRead(EmptyDir("v"))!.Value.Mode);
    }

    [Fact]
    public async Task Prepare_ByTheNextDaemon_KeepsWhatContainersDid()
    {
        Pod pod = APod(("disk", OnDisk), ("memory", InMemory));
        await Prepare(pod);
        await File.WriteAllTextAsync(Path.Combine(EmptyDir("disk"), "kept"), "1", Token);
        await File.WriteAllTextAsync(Path.Combine(EmptyDir("memory"), "kept"), "2", Token);
        DirectoryAccess.Set(EmptyDir("disk"), 0x1C0, 99);

        await Prepare(pod);

        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(EmptyDir("disk"), "kept"), Token));
        Assert.Equal("2", await File.ReadAllTextAsync(Path.Combine(EmptyDir("memory"), "kept"), Token));
        Assert.Equal(0x1C0u, FileStatus.TryRead(EmptyDir("disk"))!.Value.Mode);
        Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == EmptyDir("memory"));
    }

    [Fact]
    public async Task Prepare_RootIsReachedByALink_MountsOnce()
    {
        string link = _root.FullName + "-link";
        File.CreateSymbolicLink(link, _root.FullName);
        try
        {
            PodLayout layout = new(new NodePaths(link), new CgroupfsDriver(new CgroupHierarchies([]), "noded"));
            VolumeManager volumes = new(_runtime, layout, _events, _flight, _metrics.Volumes, _clock, 1 << 30);

            await volumes.PrepareAsync(APod(("v", InMemory)), Token);
            await volumes.PrepareAsync(APod(("v", InMemory)), Token);
            Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == EmptyDir("v"));
            await volumes.RemoveAsync(new PodUid("u1"));

            Assert.DoesNotContain(MountInfo.ReadSelf(), mount => mount.MountPoint == EmptyDir("v"));
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public async Task Prepare_HostPathOfAnotherType_IsAnEventAndHoldsBackThePodOnly()
    {
        await File.WriteAllTextAsync(Path.Combine(_root.FullName, "file"), "1", Token);
        Pod pod = APod(("v", OnDisk));
        string path = Path.Combine(_root.FullName, "file");
        pod.Spec.Volumes.Insert(0, HostPath("h", path, "Directory"));

        IOException e = await Assert.ThrowsAsync<IOException>(() => Prepare(pod));

        string message =
            $"MountVolume.SetUp failed for volume \"h\" : hostPath type check failed: {path} is not a directory";
        Assert.Equal(message, e.Message);
        NodeEvent nodeEvent = Assert.Single(_events.Read());
        Assert.Equal(("Warning", "FailedMount", message), (nodeEvent.Type, nodeEvent.Reason, nodeEvent.Message));
        Assert.True(Directory.Exists(EmptyDir("v")));
    }

    [Fact]
    public async Task Prepare_HostPathsToCreate_AreThereAndStayWhenThePodGoes()
    {
        Pod pod = APod();
        string directory = Path.Combine(_root.FullName, "host/a");
        pod.Spec.Volumes = [HostPath("d", directory, "DirectoryOrCreate"), HostPath("f", directory + "/file", "FileOrCreate")];

        await Prepare(pod);
        await Volumes().RemoveAsync(pod.Uid);

        Assert.Equal(0x1EDu, FileStatus.TryRead(directory)!.Value.Mode);
        Assert.Equal(0x1A4u, FileStatus.TryRead(directory + "/file")!.Value.Mode);
    }

    [Fact]
    public async Task Mount_WholeVolumes_ArePassedOn()
    {
        Pod pod = APod(("v", OnDisk));
        pod.Spec.Volumes.Add(HostPath("etc", "/etc", ""));
        await Prepare(pod);

        Assert.Equal(
            [
                new ContainerMount("/data", EmptyDir("v"), false, MountPropagation.None, false),
                new ContainerMount("/host", "/etc", true, MountPropagation.HostToContainer, false),
            ],
            await Mount(
                pod,
                new V1VolumeMount { Name = "v", MountPath = "data" },
                new V1VolumeMount
                {
                    Name = "etc",
                    MountPath = "/host",
                    ReadOnlyProperty = true,
                    MountPropagation = "HostToContainer",
                }));
    }

    [Fact]
    public async Task Mount_SubPathThatIsMissing_IsMadeWithTheVolumesModeAndMounted()
    {
        Pod pod = APod(("v", OnDisk));
        await Prepare(pod);

        ContainerMount mount = Assert.Single(await Mount(pod, SubPathMount("v", "a/b")));

        Assert.Equal(Path.Combine(PodDirectory, "volume-subpaths/v/app/0"), mount.HostPath);
        Assert.Equal(0x1FFu, FileStatus.TryRead(Path.Combine(EmptyDir("v"), "a/b"))!.Value.Mode);
        await File.WriteAllTextAsync(Path.Combine(mount.HostPath, "file"), "1", Token);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(EmptyDir("v"), "a/b/file"), Token));
    }

    [Fact]
    public async Task Mount_SubPathAgain_IsOneMountOfWhatHasTheNameNow()
    {
        Pod pod = APod(("v", OnDisk));
        await Prepare(pod);
        Directory.CreateDirectory(Path.Combine(EmptyDir("v"), "a"));
        string first = Assert.Single(await Mount(pod, SubPathMount("v", "a"))).HostPath;
        await Mount(pod, SubPathMount("v", "a"));
        Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == first);
        Directory.Delete(Path.Combine(EmptyDir("v"), "a"));
        await File.WriteAllTextAsync(Path.Combine(EmptyDir("v"), "a"), "now a file", Token);

        await Mount(pod, SubPathMount("v", "a"));

        Assert.Equal("now a file", await File.ReadAllTextAsync(first, Token));
        Assert.Single(MountInfo.ReadSelf(), mount => mount.MountPoint == first);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("link/made")]
    [InlineData("relative")]
    public async Task Mount_SubPathOverAHostileLink_DoesNotEscape(string subPath)
    {
        Pod pod = APod(("v", OnDisk));
        await Prepare(pod);
        string secret = Directory.CreateDirectory(Path.Combine(_root.FullName, "secret")).FullName;
        File.CreateSymbolicLink(Path.Combine(EmptyDir("v"), "link"), secret);
        File.CreateSymbolicLink(Path.Combine(EmptyDir("v"), "relative"), "../../../../../../../../secret");

        ContainerStartException e =
            await Assert.ThrowsAsync<ContainerStartException>(() => Mount(pod, SubPathMount("v", subPath)));

        Assert.Equal("CreateContainerConfigError", e.Failure.Reason);
        Assert.Contains("subPath", e.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, e.Failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(secret));
        Assert.DoesNotContain(MountInfo.ReadSelf(), mount => mount.MountPoint.StartsWith(PodDirectory, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "IfPossible", true)]
    [InlineData(false, "IfPossible", false)]
    public async Task Mount_RecursiveReadOnly_IsWhatTheRuntimeCan(bool isSupported, string mode, bool expected)
    {
        _runtime.SupportsRecursiveReadOnly = isSupported;
        Pod pod = APod(("v", OnDisk));
        await Prepare(pod);

        ContainerMount mount = Assert.Single(await Mount(
            pod, new V1VolumeMount { Name = "v", MountPath = "/d", ReadOnlyProperty = true, RecursiveReadOnly = mode }));

        Assert.Equal(expected, mount.RecursiveReadOnly);
    }

    [Fact]
    public async Task Remove_EverythingThePodHad_IsGoneAndLinkedThingsStay()
    {
        Pod pod = APod(("disk", OnDisk), ("memory", InMemory));
        await Prepare(pod);
        string kept = Path.Combine(Directory.CreateDirectory(Path.Combine(_root.FullName, "kept")).FullName, "file");
        await File.WriteAllTextAsync(kept, "1", Token);
        pod.Spec.Volumes.Add(HostPath("host", Path.GetDirectoryName(kept)!, "Directory"));
        await Mount(pod, SubPathMount("memory", "a"), SubPathMount("host", "file"));
        File.CreateSymbolicLink(Path.Combine(EmptyDir("disk"), "link"), Path.GetDirectoryName(kept)!);

        await Volumes().RemoveAsync(pod.Uid);
        await Volumes().RemoveAsync(pod.Uid);

        Assert.False(Directory.Exists(PodDirectory));
        Assert.Equal("1", await File.ReadAllTextAsync(kept, Token));
        Assert.DoesNotContain(MountInfo.ReadSelf(), mount => mount.MountPoint.StartsWith(PodDirectory, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Remove_MountInUse_NamesTheHolderAndSucceedsLater()
    {
        Pod pod = APod(("v", InMemory));
        await Prepare(pod);

        using (File.Create(Path.Combine(EmptyDir("v"), "open")))
        {
            IOException e = await Assert.ThrowsAsync<IOException>(() => Volumes().RemoveAsync(pod.Uid));

            Assert.Contains($"in use by {Environment.ProcessId} (", e.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(EmptyDir("v"), "open")));
        }

        await Volumes().RemoveAsync(pod.Uid);
        Assert.False(Directory.Exists(PodDirectory));
    }

    public async ValueTask DisposeAsync()
    {
        await Volumes().RemoveAsync(new PodUid("u1"));
        _root.Delete(recursive: true);
    }

    private static Pod APod(params (string Name, V1EmptyDirVolumeSource EmptyDir)[] volumes)
    {
        Pod pod = SamplePods.APod();
        pod.Spec.Volumes = [.. volumes.Select(volume => new V1Volume { Name = volume.Name, EmptyDir = volume.EmptyDir })];
        return pod;
    }

    private static V1Volume HostPath(string name, string path, string type) =>
        new() { Name = name, HostPath = new V1HostPathVolumeSource { Path = path, Type = type } };

    private static V1VolumeMount SubPathMount(string volume, string subPath) =>
        new() { Name = volume, MountPath = "/" + volume, SubPath = subPath };

    private string EmptyDir(string name) => Path.Combine(PodDirectory, "volumes/kubernetes.io~empty-dir", name);

    /// <summary>Each one is another daemon: nothing is remembered.</summary>
    private VolumeManager Volumes() => new(_runtime, _layout, _events, _flight, _metrics.Volumes, _clock, 1 << 30);

    private Task Prepare(Pod pod) => Volumes().PrepareAsync(pod, Token);

    private Task<ImmutableArray<ContainerMount>> Mount(Pod pod, params V1VolumeMount[] mounts)
    {
        pod.Spec.Containers[0].VolumeMounts = mounts;
        return Volumes().MountAsync(pod, pod.Spec.Containers[0], [], Token);
    }
}
