using k8s.Models;
using Noded.Api.Pods;
using Noded.Kubelet.Events;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Kubelet.Tests.Pods;
using Noded.Linux.Cgroups;
using Noded.Primitives;
using Noded.Testing;
using Prometheus;

namespace Noded.Kubelet.Tests.Resources;

/// <summary>On the machine's cgroups.</summary>
[Trait("Category", "Integration")]
public sealed class CgroupManagerTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("nd-");
    private readonly CgroupHierarchies _hierarchies = CgroupHierarchies.Discover();
    private readonly CgroupfsDriver _driver;
    private readonly PodLayout _layout;

    public CgroupManagerTests()
    {
        NodePaths paths = new(_root.FullName);
        _driver = new CgroupfsDriver(_hierarchies, paths.CgroupPrefix);
        _layout = new PodLayout(paths, _driver);
    }

    public void Dispose()
    {
        _driver.Node!.TryRemove();
        _root.Delete();
    }

    [Fact]
    public void Ensure_ClassOfThePodHasComeSince_ItsOverheadIsAddedToTheLimits()
    {
        Requires.Root();
        CgroupHierarchy? memory = _hierarchies.All.FirstOrDefault(hierarchy => hierarchy.Controllers.Contains("memory"));
        Assert.SkipUnless(memory is { IsUnified: false }, "The machine has no memory controller of cgroup v1.");
        FlightRecorder flight = new(16, TimeProvider.System);
        CgroupManager cgroups = new(
            _layout, _driver, CgroupOptions.Default, new EventRecorder(16, flight, TimeProvider.System), flight,
            new CgroupMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry())));
        cgroups.EnforceNode(new NodeResources(4000, 1L << 30, 1L << 30, 1000), null);
        Dictionary<string, ResourceQuantity> limits = new() { ["cpu"] = new("200m"), ["memory"] = new("64Mi") };
        Pod pod = SamplePods.APod().With(container => container.Resources = new V1ResourceRequirements { Limits = limits, Requests = limits });

        cgroups.Ensure(pod);
        Assert.Equal($"{64 << 20}", Limit());

        // As the source does it: what it reads anew is another object.
        pod.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["memory"] = new("32Mi") };
        cgroups.Ensure(pod with { });
        Assert.Equal($"{96 << 20}", Limit());

        string Limit() => File.ReadAllText(Path.Combine(
            memory.MountPoint, _layout.PodCgroup(pod.Uid, pod.Manifest.QosClass()).Path, "memory.limit_in_bytes")).Trim();
    }
}
