using System.Collections.Immutable;
using k8s.Models;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using static Noded.Kubelet.Tests.Pods.SamplePods;

namespace Noded.Kubelet.Tests.Pods;

public sealed class PodAdmitterTests
{
    private static readonly AdmissionRules Rules = new(
        "node1",
        NodeLabels.OfMachine("node1"),
        new NodeResources(2000, 1000, 500, 100)
        {
            HugePages = ImmutableDictionary<string, long>.Empty.Add("hugepages-2Mi", 4 << 20),
        },
        3,
        ["kernel.msg*", "net.a"],
        HasAppArmor: false);

    [Theory]
    [InlineData("net.ipv4.tcp_syncookies", null)]
    [InlineData("net/ipv4/tcp_wmem", null)]
    [InlineData("kernel.msgmax", null)]
    [InlineData("net.a", null)]
    [InlineData("net.ab", "forbidden sysctl: \"net.ab\" not allowlisted")]
    [InlineData("kernel.panic", "forbidden sysctl: \"kernel.panic\" not allowlisted")]
    public void Admit_Sysctl_IsSafeOrAllowed(string name, string? refusal)
    {
        Pod pod = APod();
        pod.Spec.SecurityContext = new V1PodSecurityContext { Sysctls = [new V1Sysctl { Name = name, Value = "1" }] };

        AssertRefused(refusal is null ? null : "SysctlForbidden", refusal, Admit(pod));
    }

    [Theory]
    [InlineData("cpu", "1500m", null)]
    [InlineData("cpu", "1501m", "Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000")]
    [InlineData("memory", "900", null)]
    [InlineData("memory", "901", "Node didn't have enough resource: memory, requested: 901, used: 100, capacity: 1000")]
    [InlineData("ephemeral-storage", "501", "Node didn't have enough resource: ephemeral-storage, requested: 501, used: 0, capacity: 500")]
    [InlineData("hugepages-2Mi", "2Mi", null)]
    [InlineData("hugepages-2Mi", "4Mi", "Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 2097152, capacity: 4194304")]
    [InlineData("hugepages-1Gi", "1Gi", "Node didn't have enough resource: hugepages-1Gi, requested: 1073741824, used: 0, capacity: 0")]
    public void Admit_Request_FitsBesideTheOthers(string resource, string amount, string? refusal)
    {
        Pod other = Requesting("u2", ("cpu", "500m"), ("memory", "100"), ("hugepages-2Mi", "2Mi"));

        AssertRefused(refusal is null ? null : "OutOf" + resource, refusal, Admit(Requesting("u1", (resource, amount)), other));
    }

    [Theory]
    [InlineData("kubernetes.io/hostname", "node1", true)]
    [InlineData("kubernetes.io/os", "linux", true)]
    [InlineData("kubernetes.io/hostname", "node2", false)]
    [InlineData("disk", "fast", false)]
    public void Admit_NodeSelector_NamesThisNodesLabels(string label, string value, bool isAdmitted)
    {
        Pod pod = APod();
        pod.Spec.NodeSelector = new Dictionary<string, string> { [label] = value };

        AssertRefused(
            isAdmitted ? null : "NodeAffinity",
            isAdmitted ? null : "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            Admit(pod));
    }

    [Fact]
    public void Admit_NodeSelectorOfAnotherSystem_SaysThat()
    {
        Pod pod = APod();
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["kubernetes.io/os"] = "windows" };

        AssertRefused(
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
            Admit(pod));
    }

    [Theory]
    [InlineData("linux", false)]
    [InlineData("windows", true)]
    public void Admit_PodOfASystem_IsLinux(string name, bool isRefused)
    {
        Pod pod = APod();
        pod.Spec.Os = new V1PodOS { Name = name };

        AssertRefused(
            isRefused ? "PodOSNotSupported" : null,
            isRefused ? "Failed to admit pod as the OS field doesn't match node OS" : null,
            Admit(pod));
    }

    [Fact]
    public void Admit_PodThatTheNodeNeeds_TakesTheRoomOfAnother()
    {
        Pod other = Requesting("u2", ("cpu", "1500m"));
        Pod critical = Critical(Requesting("u1", ("cpu", "1")));

        Admission admission = new PodAdmitter(Rules, () => []).Admit(critical, [other]);

        Assert.Null(admission.Rejection);
        Assert.Equal([other], admission.Preempted);
        Assert.Equal("cpu", admission.Signal);
    }

    [Fact]
    public void Admit_PodThatTheNodeNeedsAndNobodyToMakeRoom_SaysWhatIsMissing() => AssertRefused(
        "UnexpectedAdmissionError",
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to "
            + "preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 500), (res: memory, q: 1), ]",
        Admit(Critical(Requesting("u1", ("cpu", "2500m"), ("memory", "1001")))));

    [Fact]
    public void Admit_PodThatTheNodeNeedsElsewhere_EndsNobody()
    {
        Pod critical = Critical(Requesting("u1", ("cpu", "1")));
        critical.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "fast" };

        Admission admission = new PodAdmitter(Rules, () => []).Admit(critical, [Requesting("u2", ("cpu", "1500m"))]);

        Assert.Equal("NodeAffinity", admission.Rejection?.Reason);
        Assert.Empty(admission.Preempted);
    }

    [Fact]
    public void Admit_ThePodSaysItselfWhatItNeeds_IsThatWhateverItsContainersSay()
    {
        Pod pod = Requesting("u1", ("cpu", "100m"));
        pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("2001m") },
        };

        AssertRefused(
            "OutOfcpu", "Node didn't have enough resource: cpu, requested: 2001, used: 0, capacity: 2000", Admit(pod));
    }

    [Fact]
    public void Admit_RuntimeTakesSomething_ItCountsOfThisPodAndOfTheOthers()
    {
        Pod pod = Requesting("u1", ("cpu", "100m"));
        pod.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1901m") };
        Pod other = Requesting("u2");
        other.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["memory"] = new("400") };

        AssertRefused("OutOfcpu", "Node didn't have enough resource: cpu, requested: 2001, used: 0, capacity: 2000", Admit(pod));
        AssertRefused(
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 601, used: 400, capacity: 1000",
            Admit(Requesting("u1", ("memory", "601")), other));
    }

    [Fact]
    public void Admit_MoreOthersThanTheNodeTakes_IsRefused()
    {
        Assert.Null(Admit(APod(), APod("u2"), APod("u3")));
        AssertRefused(
            "OutOfpods",
            "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
            Admit(APod(), APod("u2"), APod("u3"), APod("u4")));
    }

    [Theory]
    [InlineData(80, "TCP", null, 80, "TCP", null, true)]
    [InlineData(80, "TCP", null, 80, null, "127.0.0.1", true)]
    [InlineData(80, "TCP", "127.0.0.1", 80, "TCP", "127.0.0.1", true)]
    [InlineData(80, "TCP", "127.0.0.1", 80, "TCP", "127.0.0.2", false)]
    [InlineData(80, "TCP", null, 80, "UDP", null, false)]
    [InlineData(80, "TCP", null, 81, "TCP", null, false)]
    public void Admit_HostPort_MustBeFree(
        int port, string? protocol, string? address, int otherPort, string? otherProtocol, string? otherAddress, bool collides)
    {
        Pod one = APod().With(container => container.Ports = [APort(port, protocol, address)]);
        Pod other = APod("u2").With(container => container.Ports = [APort(otherPort, otherProtocol, otherAddress)]);

        AssertRefused(
            collides ? "NodePorts" : null,
            collides ? "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" : null,
            Admit(one, other));
    }

    [Theory]
    [InlineData("MemoryPressure", null, null, true)]
    [InlineData("MemoryPressure", "10m", null, false)]
    [InlineData("DiskPressure", "10m", null, true)]
    [InlineData("DiskPressure", null, "system-node-critical", false)]
    public void Admit_UnderPressure_TakesNoMoreOfWhatGoesFirst(string pressure, string? cpu, string? priorityClass, bool isRefused)
    {
        Pod pod = cpu is null ? APod() : Requesting("u1", ("cpu", cpu));
        pod.Spec.PriorityClassName = priorityClass;

        AssertRefused(
            isRefused ? "Evicted" : null,
            isRefused ? $"The node had condition: [{pressure}]. " : null,
            new PodAdmitter(Rules, () => [pressure]).Admit(pod, []).Rejection);
    }

    [Theory]
    [InlineData("RuntimeDefault", false, true)]
    [InlineData("Localhost", false, true)]
    [InlineData("Unconfined", false, false)]
    [InlineData("RuntimeDefault", true, false)]
    public void Admit_AppArmorProfile_NeedsAKernelThatEnforcesIt(string type, bool hasAppArmor, bool isRefused)
    {
        Pod pod = APod().With(container => container.SecurityContext =
            new V1SecurityContext { AppArmorProfile = new V1AppArmorProfile { Type = type } });

        AssertRefused(
            isRefused ? "AppArmor" : null,
            isRefused ? "Cannot enforce AppArmor: AppArmor is not enabled on the host" : null,
            new PodAdmitter(Rules with { HasAppArmor = hasAppArmor }, () => []).Admit(pod, []).Rejection);
    }

    [Fact]
    public async Task Rejected_Pod_HasFailedAndStartsNothingAndStaysSo()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        Pod pod = Requesting("u1", ("cpu", "100"));

        await kubelet.DesireAsync(pod);

        V1PodStatus status = kubelet.Statuses.Reports[pod.Uid].Status;
        Assert.Equal(("Failed", "OutOfcpu"), (status.Phase, status.Reason));
        Assert.StartsWith("Pod was rejected: Node didn't have enough resource: cpu", status.Message, StringComparison.Ordinal);
        Assert.Empty(status.ContainerStatuses);
        Assert.Contains(kubelet.Events.Read(), nodeEvent => nodeEvent is { Reason: "OutOfcpu", Type: "Warning" });

        await using KubeletHarness next = await kubelet.SucceedAsync();
        await next.DesireAsync(pod);

        Assert.Equal("OutOfcpu", next.Statuses.Reports[pod.Uid].Status.Reason);
        Assert.Empty(next.Runtime.Writes);
        await next.DesireAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(next.Root, "var/lib/noded/pods")));
    }

    [Fact]
    public async Task Running_Pods_AreTakenBeforeNewOnesByTheNextDaemon()
    {
        KubeletHarness kubelet = new KubeletHarness().Start();
        Pod running = Requesting("u2", ("cpu", "3"));
        await kubelet.DesireAsync(running);
        await using KubeletHarness next = await kubelet.SucceedAsync();

        // By its name the new one comes first.
        await next.DesireAsync(Requesting("u1", ("cpu", "3")), running);

        Assert.Equal("Failed", next.Statuses.Reports[new PodUid("u1")].Status.Phase);
        Assert.Equal("Running", next.Statuses.Reports[running.Uid].Status.Phase);
    }

    private static PodFailure? Admit(Pod pod, params ImmutableArray<Pod> running) =>
        new PodAdmitter(Rules, () => []).Admit(pod, running).Rejection;

    private static void AssertRefused(string? reason, string? message, PodFailure? failure)
    {
        Assert.Equal((reason, message), (failure?.Reason, failure?.Event));
        Assert.Equal(reason is not null, failure?.IsRejection == true);
    }

    private static Pod Critical(Pod pod)
    {
        pod.Spec.PriorityClassName = "system-node-critical";
        return pod;
    }

    private static Pod Requesting(string uid, params (string Resource, string Amount)[] requests) =>
        APod(uid, uid).With(container => container.Resources = new V1ResourceRequirements
        {
            Requests = requests.ToDictionary(request => request.Resource, request => new ResourceQuantity(request.Amount)),
        });

    private static V1ContainerPort APort(int port, string? protocol, string? address) =>
        new() { ContainerPort = 8080, HostPort = port, Protocol = protocol, HostIP = address };
}
