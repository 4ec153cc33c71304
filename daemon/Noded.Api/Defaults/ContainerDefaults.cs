using k8s.Models;

using Noded.Api.Pods;

namespace Noded.Api.Defaults;

/// <summary>Defaults of one container.</summary>
internal static class ContainerDefaults
{
    public static void Apply(V1Container container, bool hostNetwork)
    {
        container.ImagePullPolicy = PodDefaults.OrDefault(container.ImagePullPolicy, PullPolicyFor(container.Image));
        container.TerminationMessagePath =
            PodDefaults.OrDefault(container.TerminationMessagePath, "/dev/termination-log");
        container.TerminationMessagePolicy = PodDefaults.OrDefault(container.TerminationMessagePolicy, "File");
        container.Resources ??= new V1ResourceRequirements();
        ResourceDefaults.Apply(container.Resources);

        foreach (V1ContainerPort port in container.Ports.OrEmpty())
        {
            port.Protocol = PodDefaults.OrDefault(port.Protocol, "TCP");
            if (hostNetwork && (port.HostPort is null or 0))
            {
                port.HostPort = port.ContainerPort;
            }
        }

        foreach (V1EnvVar variable in container.Env.OrEmpty())
        {
            ApplyTo(variable.ValueFrom?.FieldRef);
        }

        ApplyTo(container.LivenessProbe);
        ApplyTo(container.ReadinessProbe);
        ApplyTo(container.StartupProbe);
        ApplyTo(container.Lifecycle?.PostStart?.HttpGet);
        ApplyTo(container.Lifecycle?.PreStop?.HttpGet);
    }

    public static void ApplyTo(V1ObjectFieldSelector? selector)
    {
        if (selector is not null)
        {
            selector.ApiVersion = PodDefaults.OrDefault(selector.ApiVersion, "v1");
        }
    }

    /// <summary><c>:latest</c>, written or implied, is the one tag that is expected to move.</summary>
    internal static string PullPolicyFor(string? image) =>
        ImageTag.Of(image) == "latest" ? "Always" : "IfNotPresent";

    private static void ApplyTo(V1Probe? probe)
    {
        if (probe is null)
        {
            return;
        }

        probe.TimeoutSeconds = OrDefault(probe.TimeoutSeconds, 1);
        probe.PeriodSeconds = OrDefault(probe.PeriodSeconds, 10);
        probe.SuccessThreshold = OrDefault(probe.SuccessThreshold, 1);
        probe.FailureThreshold = OrDefault(probe.FailureThreshold, 3);
        ApplyTo(probe.HttpGet);
        if (probe.Grpc is not null)
        {
            probe.Grpc.Service ??= "";
        }
    }

    private static void ApplyTo(V1HTTPGetAction? get)
    {
        if (get is not null)
        {
            get.Path = PodDefaults.OrDefault(get.Path, "/");
            get.Scheme = PodDefaults.OrDefault(get.Scheme, "HTTP");
        }
    }

    private static int OrDefault(int? value, int otherwise) => value is null or 0 ? otherwise : value.Value;
}
