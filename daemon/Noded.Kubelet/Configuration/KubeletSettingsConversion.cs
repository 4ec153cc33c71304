using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Noded.Api;
using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Kubelet.Eviction;
using Noded.Kubelet.Images;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;
using Noded.Primitives;

namespace Noded.Kubelet.Configuration;

/// <summary>Turns what files say into settings, by upstream's rules for each field; collects what breaks them.</summary>
internal sealed class KubeletSettingsConversion
{
    internal FieldErrors Errors { get; } = new();

    internal KubeletSettings Convert(KubeletConfiguration from)
    {
        KubeletSettings defaults = new();
        Errors.InRange(new("healthzPort"), from.HealthzPort, 0, 65535);
        Errors.InRange(new("maxPods"), from.MaxPods, 0, int.MaxValue);
        Errors.NonNegative(new("podsPerCore"), from.PodsPerCore);
        Errors.NonNegative(new("registryPullQPS"), from.RegistryPullQps);
        Errors.NonNegative(new("registryBurst"), from.RegistryBurst);
        return defaults with
        {
            FileCheckFrequency = Duration(from.FileCheckFrequency, "fileCheckFrequency", TimeSpan.FromSeconds(1))
                ?? defaults.FileCheckFrequency,
            HealthzBindAddress = Address(from.HealthzBindAddress, "healthzBindAddress"),
            HealthzPort = from.HealthzPort,
            ClusterDns = ClusterDns(from.ClusterDns),
            ClusterDomain = from.ClusterDomain,
            StaticPodPath = AbsolutePath(from.StaticPodPath, "staticPodPath"),
            ResolvConf = from.ResolvConf is { Length: > 0 } ? AbsolutePath(from.ResolvConf, "resolvConf") : from.ResolvConf,
            RuntimeRequestTimeout = Duration(from.RuntimeRequestTimeout, "runtimeRequestTimeout", TimeSpan.FromSeconds(1))
                ?? defaults.RuntimeRequestTimeout,
            LogRotation = LogRotation(from, defaults.LogRotation),
            CrashLoop = CrashLoop(from, defaults.CrashLoop),
            CgroupDriver = CgroupDriver(from.CgroupDriver),
            Cgroups = Cgroups(from, defaults.Cgroups),
            Reserved = Reserved(from, defaults.Reserved),
            EnforceNodeAllocatable = Enforce(from.EnforceNodeAllocatable) ?? defaults.EnforceNodeAllocatable,
            SingleProcessOomKill = from.SingleProcessOomKill ?? defaults.SingleProcessOomKill,
            MaxPods = from.MaxPods ?? defaults.MaxPods,
            PodsPerCore = from.PodsPerCore ?? defaults.PodsPerCore,
            Eviction = Eviction(from, defaults.Eviction),
            ImageGc = ImageGc(from, defaults.ImageGc),
            MaxParallelImagePulls = ParallelPulls(from),
            RegistryPullQps = from.RegistryPullQps ?? defaults.RegistryPullQps,
            RegistryBurst = from.RegistryBurst ?? defaults.RegistryBurst,
            AllowedUnsafeSysctls = Sysctls(from.AllowedUnsafeSysctls),
            SeccompDefault = from.SeccompDefault ?? defaults.SeccompDefault,
            UserIdsPerPod = UserIds(from.UserNamespaces?.IdsPerPod) ?? defaults.UserIdsPerPod,
        };
    }

    private IPAddress? Address(string? text, string field)
    {
        if (!IPAddressText.TryParse(text, out IPAddress? address) && text is not null)
        {
            Errors.Invalid(new(field), text, "must be a valid IP address");
        }

        return address;
    }

    private uint? UserIds(long? count)
    {
        if (count is null)
        {
            return null;
        }

        if (count is <= 0 or > uint.MaxValue || count % UserNamespaces.LeastLength != 0)
        {
            Errors.Invalid(
                new("userNamespaces.idsPerPod"),
                count.Value,
                string.Create(CultureInfo.InvariantCulture, $"must be a positive multiple of {UserNamespaces.LeastLength}, less than 2^32"));
            return null;
        }

        return (uint)count;
    }

    private ImmutableArray<string>? ClusterDns(List<string>? addresses)
    {
        for (int i = 0; i < addresses?.Count; i++)
        {
            if (!IPAddressText.TryParse(addresses[i], out _))
            {
                Errors.Invalid(new FieldPath("clusterDNS").Index(i), addresses[i], "must be a valid IP address");
            }
        }

        return addresses is null ? null : [.. addresses];
    }

    private LogRotationOptions LogRotation(KubeletConfiguration from, LogRotationOptions defaults)
    {
        if (from.ContainerLogMaxFiles is { } files && files < 2)
        {
            Errors.Invalid(new("containerLogMaxFiles"), files, "must be greater than 1");
        }

        return new LogRotationOptions(
            Amount(from.ContainerLogMaxSize, new("containerLogMaxSize"))?.Value ?? defaults.MaxSize,
            from.ContainerLogMaxFiles ?? defaults.MaxFiles);
    }

    private CrashLoopOptions CrashLoop(KubeletConfiguration from, CrashLoopOptions defaults)
    {
        const string Field = "crashLoopBackOff.maxContainerRestartPeriod";
        TimeSpan? period = Duration(from.CrashLoopBackOff?.MaxContainerRestartPeriod, Field, TimeSpan.FromSeconds(1));
        if (period > defaults.MaximumDelay)
        {
            Errors.Invalid(
                new(Field), from.CrashLoopBackOff!.MaxContainerRestartPeriod, "must be between 1s and 300s");
        }

        // A shorter limit than the first wait makes that wait shorter, too.
        return period is { } maximum
            ? new CrashLoopOptions(maximum < defaults.InitialDelay ? maximum : defaults.InitialDelay, maximum)
            : defaults;
    }

    private CgroupDriverName? CgroupDriver(string? name)
    {
        Errors.AllowOneOf(new("cgroupDriver"), name, "cgroupfs", "systemd");
        return name switch
        {
            "cgroupfs" => CgroupDriverName.Cgroupfs,
            "systemd" => CgroupDriverName.Systemd,
            _ => null,
        };
    }

    private CgroupOptions Cgroups(KubeletConfiguration from, CgroupOptions defaults)
    {
        TimeSpan? period = Duration(from.CpuCfsQuotaPeriod, "cpuCFSQuotaPeriod", TimeSpan.FromMilliseconds(1));
        if (period > TimeSpan.FromSeconds(1))
        {
            Errors.Invalid(new("cpuCFSQuotaPeriod"), from.CpuCfsQuotaPeriod, "must be between 1ms and 1s");
        }

        return new CgroupOptions(
            from.PodPidsLimit is > 0 and { } pids ? pids : defaults.PodPidsLimit,
            from.CpuCfsQuota ?? defaults.CpuCfsQuota,
            period ?? defaults.CpuCfsQuotaPeriod);
    }

    /// <summary>Where the files name one of the two, they say all: the default is for those who say nothing.</summary>
    private NodeResources Reserved(KubeletConfiguration from, NodeResources defaults)
    {
        if (from.KubeReserved is null && from.SystemReserved is null)
        {
            return defaults;
        }

        NodeResources sum = new(0, 0, 0, 0);
        foreach ((string field, Dictionary<string, string>? amounts) in
            new[] { ("kubeReserved", from.KubeReserved), ("systemReserved", from.SystemReserved) })
        {
            foreach ((string name, string text) in amounts ?? [])
            {
                Quantity? amount = Amount(text, new FieldPath(field).Key(name));
                sum = name switch
                {
                    "cpu" => sum with { MilliCpu = sum.MilliCpu + (amount?.MilliValue ?? 0) },
                    "memory" => sum with { Memory = sum.Memory + (amount?.Value ?? 0) },
                    "ephemeral-storage" => sum with { EphemeralStorage = sum.EphemeralStorage + (amount?.Value ?? 0) },
                    "pid" => sum with { Pids = sum.Pids + (amount?.Value ?? 0) },
                    _ => Unsupported(sum, field, name),
                };
            }
        }

        return sum;
    }

    private NodeResources Unsupported(NodeResources sum, string field, string name)
    {
        Errors.NotSupported(new FieldPath(field).Key(name), name, "cpu", "memory", "ephemeral-storage", "pid");
        return sum;
    }

    private bool? Enforce(List<string>? names)
    {
        for (int i = 0; i < names?.Count; i++)
        {
            Errors.AllowOneOf(new FieldPath("enforceNodeAllocatable").Index(i), names[i], "pods", "none");
        }

        return names?.Contains("pods");
    }

    private EvictionOptions Eviction(KubeletConfiguration from, EvictionOptions defaults)
    {
        EvictionThresholdReader reader = new(Errors);
        if (from.EvictionMaxPodGracePeriod is { } seconds && seconds < 0)
        {
            Errors.Invalid(new("evictionMaxPodGracePeriod"), seconds, "must be greater than or equal to 0");
        }

        return new EvictionOptions(
            reader.Read(from) ?? defaults.Thresholds,
            TimeSpan.FromSeconds(from.EvictionMaxPodGracePeriod ?? 0),
            Duration(from.EvictionPressureTransitionPeriod, "evictionPressureTransitionPeriod", TimeSpan.Zero)
                ?? defaults.PressureTransitionPeriod);
    }

    private ImageGcOptions ImageGc(KubeletConfiguration from, ImageGcOptions defaults)
    {
        int high = from.ImageGcHighThresholdPercent ?? defaults.HighThreshold;
        int low = from.ImageGcLowThresholdPercent ?? defaults.LowThreshold;
        Errors.InRange(new("imageGCHighThresholdPercent"), high, 0, 100);
        Errors.InRange(new("imageGCLowThresholdPercent"), low, 0, 100);
        if (low >= high)
        {
            Errors.Invalid(
                new("imageGCLowThresholdPercent"),
                low,
                string.Create(CultureInfo.InvariantCulture, $"must be less than imageGCHighThresholdPercent, which is {high}"));
        }

        TimeSpan? maximum = Duration(from.ImageMaximumGcAge, "imageMaximumGCAge", TimeSpan.Zero);
        return new ImageGcOptions(
            high,
            low,
            Duration(from.ImageMinimumGcAge, "imageMinimumGCAge", TimeSpan.Zero) ?? defaults.MinimumAge,
            maximum == TimeSpan.Zero ? null : maximum);
    }

    private int ParallelPulls(KubeletConfiguration from)
    {
        if (from.MaxParallelImagePulls is { } count && (count < 1 || (count > 1 && from.SerializeImagePulls != false)))
        {
            Errors.Invalid(
                new("maxParallelImagePulls"), count, "must be a positive number, and 1 unless serializeImagePulls is false");
        }

        return from.SerializeImagePulls == false ? from.MaxParallelImagePulls ?? 0 : 1;
    }

    private ImmutableArray<string> Sysctls(List<string>? patterns)
    {
        for (int i = 0; i < patterns?.Count; i++)
        {
            string name = patterns[i].EndsWith('*') ? patterns[i][..^1] : patterns[i];
            if (name.Length == 0 || name.Contains('*', StringComparison.Ordinal))
            {
                Errors.Invalid(
                    new FieldPath("allowedUnsafeSysctls").Index(i), patterns[i], "needs a name, or the beginning of one and *");
            }
        }

        return [.. patterns ?? []];
    }

    private string? AbsolutePath(string? path, string field)
    {
        if (path is not null && !path.StartsWith('/'))
        {
            Errors.Invalid(new(field), path, "must be an absolute path");
        }

        return path;
    }

    private TimeSpan? Duration(string? text, string field, TimeSpan minimum)
    {
        if (text is null)
        {
            return null;
        }

        TimeSpan? duration = ApiDuration.TryParse(text);
        if (duration is null || duration < minimum)
        {
            Errors.Invalid(
                new(field), text, duration is null ? "needs a duration such as 90s or 5m" : $"must be at least {minimum:c}");
        }

        return duration;
    }

    private Quantity? Amount(string? text, FieldPath field)
    {
        if (text is null)
        {
            return null;
        }

        if (Quantity.TryParse(text, out Quantity amount) && !amount.IsNegative)
        {
            return amount;
        }

        Errors.Invalid(field, text, "needs a quantity such as 500m or 100Mi, zero or more");
        return null;
    }
}
