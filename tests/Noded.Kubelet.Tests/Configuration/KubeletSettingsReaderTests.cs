using Noded.Api.Serialization;
using Noded.Kubelet.Configuration;
using Noded.Kubelet.Eviction;
using Noded.Kubelet.Images;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Resources;

namespace Noded.Kubelet.Tests.Configuration;

public sealed class KubeletSettingsReaderTests : IDisposable
{
    private const string Head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    private string File => Path.Combine(_directory.FullName, "config.yaml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Read_NoFiles_IsTheDefaults()
    {
        Assert.Equal(new KubeletSettings(), KubeletSettingsReader.Read(File, _directory.FullName, mustExist: false));
        Assert.Throws<FileNotFoundException>(() => KubeletSettingsReader.Read(File, _directory.FullName, mustExist: true));
    }

    [Fact]
    public void Read_EveryField_IsInTheSettings()
    {
        Write(File, Head + """
            staticPodPath: /etc/pods
            fileCheckFrequency: 5s
            healthzPort: 0
            clusterDNS: [10.96.0.10, "fd00::a"]
            clusterDomain: example.org
            resolvConf: ""
            runtimeRequestTimeout: 30s
            containerLogMaxSize: 1Mi
            containerLogMaxFiles: 3
            crashLoopBackOff: {maxContainerRestartPeriod: 5s}
            cgroupDriver: systemd
            podPidsLimit: 100
            cpuCFSQuota: false
            cpuCFSQuotaPeriod: 20ms
            maxPods: 7
            kubeReserved: {cpu: 100m, memory: 10Mi, pid: "10"}
            systemReserved: {cpu: "1", memory: 1Mi, ephemeral-storage: 1Gi}
            enforceNodeAllocatable: [none]
            evictionHard: {memory.available: 5%, nodefs.available: "0"}
            evictionSoft: {pid.available: 1k}
            evictionSoftGracePeriod: {pid.available: 1m30s}
            evictionMinimumReclaim: {memory.available: 10Mi}
            evictionMaxPodGracePeriod: 30
            evictionPressureTransitionPeriod: 30s
            imageGCHighThresholdPercent: 50
            imageGCLowThresholdPercent: 40
            imageMinimumGCAge: 1m
            imageMaximumGCAge: 12h
            serializeImagePulls: false
            maxParallelImagePulls: 4
            allowedUnsafeSysctls: [kernel.msgmax, "net.core.*"]
            seccompDefault: true
            healthzBindAddress: 192.0.2.1
            singleProcessOOMKill: true
            podsPerCore: 3
            mergeDefaultEvictionSettings: false
            registryPullQPS: 1
            registryBurst: 2
            userNamespaces: {idsPerPod: 131072}
            """);

        KubeletSettings settings = Read();

        Assert.Equal((TimeSpan.FromSeconds(5), 0, "example.org", 7), (settings.FileCheckFrequency, settings.HealthzPort, settings.ClusterDomain, settings.MaxPods));
        Assert.Equal(("/etc/pods", "", TimeSpan.FromSeconds(30)), (settings.StaticPodPath, settings.ResolvConf, settings.RuntimeRequestTimeout));
        Assert.Equal(("192.0.2.1", true, 3), ($"{settings.HealthzBindAddress}", settings.SingleProcessOomKill, settings.PodsPerCore));
        Assert.Equal((1, 2, 131072u), (settings.RegistryPullQps, settings.RegistryBurst, settings.UserIdsPerPod));
        Assert.Equal(["10.96.0.10", "fd00::a"], settings.ClusterDns!.Value.AsEnumerable());
        Assert.Equal(new LogRotationOptions(1 << 20, 3), settings.LogRotation);
        Assert.Equal(new CrashLoopOptions(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)), settings.CrashLoop);
        Assert.Equal(CgroupDriverName.Systemd, settings.CgroupDriver);
        Assert.Equal(new CgroupOptions(100, false, TimeSpan.FromMilliseconds(20)), settings.Cgroups);
        Assert.Equal(new NodeResources(1100, 11 << 20, 1 << 30, 10), settings.Reserved);
        Assert.False(settings.EnforceNodeAllocatable);
        Assert.Equal(
            [
                new EvictionThreshold("memory.available", new(null, 0.05), null, new(10 << 20, 0)),
                new EvictionThreshold("pid.available", new(1000, 0), TimeSpan.FromSeconds(90), new(0, 0)),
            ],
            settings.Eviction.Thresholds);
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)), (settings.Eviction.MaxPodGracePeriod, settings.Eviction.PressureTransitionPeriod));
        Assert.Equal(new ImageGcOptions(50, 40, TimeSpan.FromMinutes(1), TimeSpan.FromHours(12)), settings.ImageGc);
        Assert.Equal((4, true), (settings.MaxParallelImagePulls, settings.SeccompDefault));
        Assert.Equal(["kernel.msgmax", "net.core.*"], settings.AllowedUnsafeSysctls.AsEnumerable());
    }

    [Fact]
    public void Read_DropIns_GoBeforeInTheOrderOfTheirNames()
    {
        Write(File, Head + "maxPods: 1\nevictionHard: {memory.available: 1Mi, pid.available: 10%}\nallowedUnsafeSysctls: [a, b]\n");
        Write("10-first.conf", Head + "maxPods: 2\nevictionHard: {memory.available: 2Mi}\nallowedUnsafeSysctls: [c]\n");
        Write("20-second.conf", Head + "maxPods: 3\n");
        Write("30-other.yaml", "maxPods: [no configuration]\n");

        KubeletSettings settings = Read();

        Assert.Equal(3, settings.MaxPods);
        Assert.Equal(
            ["memory.available 2097152", "pid.available "],
            settings.Eviction.Thresholds.Select(threshold => $"{threshold.Signal} {threshold.Value.Quantity}"));
        Assert.Equal(["c"], settings.AllowedUnsafeSysctls.AsEnumerable());
    }

    [Theory]
    [InlineData("maxPods: 110", 4, 110)]
    [InlineData("podsPerCore: 10", 4, 40)]
    [InlineData("podsPerCore: 10", 16, 110)]
    [InlineData("{maxPods: 5, podsPerCore: 10}", 4, 5)]
    public void PodLimit_OfANode_IsTheLessOfBoth(string text, int processors, int expected)
    {
        Write(File, Head + text.Trim('{', '}').Replace(", ", "\n", StringComparison.Ordinal) + "\n");

        Assert.Equal(expected, Read().PodLimit(processors));
    }

    [Fact]
    public void Read_HardThresholdsMergedWithTheDefaults_OwnOnesGoBefore()
    {
        Write(File, Head + "mergeDefaultEvictionSettings: true\nevictionHard: {memory.available: 1Mi, pid.available: 10%}\n");

        Assert.Equal(
            ["imagefs.available 0.15", "imagefs.inodesFree 0.05", "memory.available 1048576", "nodefs.available 0.1", "nodefs.inodesFree 0.05", "pid.available 0.1"],
            Read().Eviction.Thresholds
                .Select(threshold => $"{threshold.Signal} {(object?)threshold.Value.Quantity ?? threshold.Value.Fraction}")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("maxPods: many", "3: maxPods: cannot unmarshal string into int32")]
    [InlineData("maxPod: 1", "3: unknown field \"maxPod\"")]
    [InlineData("maxPods: 1\nmaxPods: 2", "4: duplicate field \"maxPods\"")]
    [InlineData("cgroupRoot: /a", "3: cgroupRoot: Forbidden: noded does not act on this setting")]
    [InlineData("cgroupDriver: none", "3: cgroupDriver: Unsupported value: \"none\": supported values: \"cgroupfs\", \"systemd\"")]
    [InlineData("resolvConf: resolv.conf", "3: resolvConf: Invalid value: \"resolv.conf\": must be an absolute path")]
    [InlineData("fileCheckFrequency: 20", "3: fileCheckFrequency: cannot unmarshal number into string")]
    [InlineData("fileCheckFrequency: soon", "3: fileCheckFrequency: Invalid value: \"soon\": needs a duration such as 90s or 5m")]
    [InlineData("clusterDNS:\n- 10.0.0.1\n- dns", "5: clusterDNS[1]: Invalid value: \"dns\": must be a valid IP address")]
    [InlineData("containerLogMaxFiles: 1", "3: containerLogMaxFiles: Invalid value: 1: must be greater than 1")]
    [InlineData("crashLoopBackOff:\n  maxContainerRestartPeriod: 10m", "4: crashLoopBackOff.maxContainerRestartPeriod: Invalid value: \"10m\": must be between 1s and 300s")]
    [InlineData("kubeReserved:\n  cpu: -1", "4: kubeReserved[cpu]: cannot unmarshal number into string")]
    [InlineData("kubeReserved:\n  gpu: '1'", "4: kubeReserved[gpu]: Unsupported value: \"gpu\": supported values: \"cpu\", \"ephemeral-storage\", \"memory\", \"pid\"")]
    [InlineData("evictionSoft: {memory.available: 1Mi}", "3: evictionSoft[memory.available]: Required value: a period of this signal in evictionSoftGracePeriod")]
    [InlineData("evictionHard: {memory.available: 101%}", "3: evictionHard[memory.available]: Invalid value: \"101%\": needs a quantity such as 100Mi or a percentage such as 10%")]
    [InlineData("imageGCHighThresholdPercent: 80\nimageGCLowThresholdPercent: 90", "4: imageGCLowThresholdPercent: Invalid value: 90: must be less than imageGCHighThresholdPercent, which is 80")]
    [InlineData("healthzBindAddress: here", "3: healthzBindAddress: Invalid value: \"here\": must be a valid IP address")]
    [InlineData("podsPerCore: -1", "3: podsPerCore: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("registryPullQPS: -1", "3: registryPullQPS: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("registryBurst: -1", "3: registryBurst: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("userNamespaces: {idsPerPod: 65537}", "3: userNamespaces.idsPerPod: Invalid value: 65537: must be a positive multiple of 65536, less than 2^32")]
    [InlineData("maxParallelImagePulls: 2", "3: maxParallelImagePulls: Invalid value: 2: must be a positive number, and 1 unless serializeImagePulls is false")]
    [InlineData("allowedUnsafeSysctls: ['*']", "3: allowedUnsafeSysctls[0]: Invalid value: \"*\": needs a name, or the beginning of one and *")]
    [InlineData("enforceNodeAllocatable: [all]", "3: enforceNodeAllocatable[0]: Unsupported value: \"all\": supported values: \"none\", \"pods\"")]
    public void Read_Mistake_IsNamedWithItsLine(string text, string error)
    {
        Write(File, Head + text);

        Assert.Equal([$"{File}:{error}"], Assert.Throws<ManifestException>(Read).Errors.Select(found => found.ToString()));
    }

    [Fact]
    public void Read_MistakesInSeveralFiles_AreAllNamedWhereTheyAre()
    {
        Write(File, Head + "imageGCLowThresholdPercent: 90\n");
        Write("10-a.conf", Head + "\nimageGCHighThresholdPercent: 70\n");
        Write("20-b.conf", Head + "maxPods: 3\ncontainerLogMaxFiles: 0\n");

        Assert.Equal(
            [
                $"{_directory.FullName}/20-b.conf:4: containerLogMaxFiles: Invalid value: 0: must be greater than 1",
                $"{File}:3: imageGCLowThresholdPercent: Invalid value: 90: must be less than imageGCHighThresholdPercent, which is 70",
            ],
            Assert.Throws<ManifestException>(Read).Errors.Select(error => error.ToString()));
    }

    [Theory]
    [InlineData("kind: KubeletConfiguration", "1: apiVersion: Required value")]
    [InlineData("apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration", "1: apiVersion: Unsupported value: \"kubelet.config.k8s.io/v1\": supported values: \"kubelet.config.k8s.io/v1beta1\"")]
    public void Read_AnotherKind_IsRefused(string text, string error)
    {
        Write(File, text);

        Assert.Equal([$"{File}:{error}"], Assert.Throws<ManifestException>(Read).Errors.Select(found => found.ToString()));
    }

    private KubeletSettings Read() => KubeletSettingsReader.Read(File, _directory.FullName, mustExist: true);

    private void Write(string name, string text) => System.IO.File.WriteAllText(Path.Combine(_directory.FullName, name), text);
}
