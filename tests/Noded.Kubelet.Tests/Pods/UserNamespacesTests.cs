using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;
using Noded.Linux.Cgroups;
using Noded.Primitives;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class UserNamespacesTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("nd-");
    private readonly PodLayout _layout;
    private readonly UserNamespaces _users;

    public UserNamespacesTests()
    {
        _layout = new PodLayout(new NodePaths(_root.FullName), new CgroupfsDriver(new CgroupHierarchies([]), "noded"));
        _users = new UserNamespaces(_layout, maxPods: 3);
    }

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Allocate_SeveralPods_HaveRangesOfTheirOwnThatLast()
    {
        Assert.Equal(new UserMapping(65536, 65536), Allocate("a"));
        Assert.Equal(new UserMapping(131072, 65536), Allocate("b"));
        Assert.Equal(new UserMapping(65536, 65536), Allocate("a"));

        UserNamespaces next = new(_layout, maxPods: 3);
        Assert.Equal(new UserMapping(131072, 65536), next.TryRead(new PodUid("b")));
        Assert.Equal(
            """{"uidMappings":[{"hostId":131072,"containerId":0,"length":65536}],"gidMappings":[{"hostId":131072,"containerId":0,"length":65536}]}""",
            File.ReadAllText(FileOf("b")));
    }

    [Fact]
    public void Allocate_LongerRangesThanBefore_DoNotReachIntoThose()
    {
        Allocate("a");
        Allocate("b");
        Allocate("c");
        Directory.Delete(_layout.PodDirectory(new PodUid("a")), recursive: true);
        _layout.CreatePodDirectory(new PodUid("d"));

        // From 131072 and from 196608 on there are others.
        Assert.Equal(
            new UserMapping(262144, 131072), new UserNamespaces(_layout, maxPods: 3, length: 131072).Allocate(new PodUid("d")));
    }

    [Fact]
    public void Allocate_PodIsGone_ItsRangeIsFree()
    {
        Allocate("a");
        Allocate("b");
        Allocate("c");
        Assert.Equal(
            "create user namespace: could not find an empty slot to allocate a user namespace",
            Assert.Throws<IOException>(() => Allocate("d")).Message);

        Directory.Delete(_layout.PodDirectory(new PodUid("b")), recursive: true);

        Assert.Equal(131072U, Allocate("d").First);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"uidMappings":[],"gidMappings":[]}""")]
    [InlineData("""{"uidMappings":[{"hostId":0,"containerId":0,"length":65536}],"gidMappings":[{"hostId":0,"containerId":0,"length":65536}]}""")]
    [InlineData("""{"uidMappings":[{"hostId":65536,"containerId":0,"length":1}],"gidMappings":[{"hostId":65536,"containerId":0,"length":2}]}""")]
    public void TryRead_FileThatMakesNoSense_IsAnError(string content)
    {
        _layout.CreatePodDirectory(new PodUid("a"));
        File.WriteAllText(FileOf("a"), content);

        Assert.StartsWith(
            $"{FileOf("a")}: user namespace: ", Assert.Throws<IOException>(() => Allocate("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sandbox_OfAPodWithItsOwnUsers_HasThemAndSoHasItsSuccessor()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Runtime.WithUserNamespaces = [""];
        Pod pod = WithoutHostUsers();
        await kubelet.DesireAsync(pod, APod("u2", "other"));
        await using KubeletHarness next = await kubelet.SucceedAsync();
        next.Runtime.Forget();

        await next.DesireAsync(pod, APod("u2", "other"));
        await next.AdvanceAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(4, next.Runtime.Users.Length);
        Assert.Equal(
            [new UserMapping(65536, 65536), new UserMapping(65536, 65536)], next.Runtime.Users.OfType<UserMapping>());
    }

    [Theory]
    [InlineData(null, "runtime does not support user namespaces")]
    [InlineData("gvisor", "RuntimeClass handler \"runsc\" does not support user namespaces")]
    public async Task Sandbox_RuntimeHasNoUserNamespaces_IsNotMadeAndSaysSo(string? runtimeClass, string why)
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        kubelet.Classes.Add("gvisor", "runsc");
        Pod pod = WithoutHostUsers();
        pod.Spec.RuntimeClassName = runtimeClass;

        await kubelet.DesireAsync(pod);

        Assert.Empty(kubelet.Runtime.RuntimeHandlers);
        Assert.Equal("Pending", kubelet.Statuses.Reports[pod.Uid].Status.Phase);
        Assert.Contains(kubelet.Events.Read(), happened =>
            happened.Reason == "FailedCreatePodSandBox"
            && happened.Message == $"Failed to create pod sandbox: can't set `spec.hostUsers: false`, {why}");
    }

    private static Pod WithoutHostUsers()
    {
        Pod pod = APod();
        pod.Spec.HostUsers = false;
        return pod;
    }

    private UserMapping Allocate(string pod)
    {
        _layout.CreatePodDirectory(new PodUid(pod));
        return _users.Allocate(new PodUid(pod));
    }

    private string FileOf(string pod) => Path.Combine(_layout.PodDirectory(new PodUid(pod)), "userns");
}
