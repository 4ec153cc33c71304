using System.Collections.Frozen;
using System.Collections.Immutable;
using Noded.Api.Serialization;
using Noded.Api.Yaml;

namespace Noded.Kubelet.Configuration;

/// <summary>
/// Reads KubeletConfiguration from a file and its drop-ins, <c>*.conf</c> in the order of their names; all of it counts
/// or, with an error anywhere, nothing does.
/// </summary>
public static class KubeletSettingsReader
{
    /// <summary>Fields of upstream's type that noded does not act on (yet): to ignore them silently would be a lie.</summary>
    private static readonly FrozenSet<string> NotActedOn = FrozenSet.Create(
        StringComparer.Ordinal,
        "enableServer", "podLogsDir", "syncFrequency", "httpCheckFrequency", "staticPodURL", "staticPodURLHeader",
        "address", "port", "readOnlyPort", "tlsCertFile", "tlsPrivateKeyFile", "tlsCipherSuites", "tlsMinVersion",
        "tlsCurvePreferences", "rotateCertificates", "serverTLSBootstrap", "authentication", "authorization",
        "imagePullCredentialsVerificationPolicy",
        "preloadedImagesVerificationAllowlist", "eventRecordQPS", "eventBurst", "enableDebuggingHandlers",
        "enableContentionProfiling", "oomScoreAdj", "streamingConnectionIdleTimeout",
        "nodeStatusUpdateFrequency", "nodeStatusReportFrequency", "nodeLeaseDurationSeconds", "volumeStatsAggPeriod",
        "kubeletCgroups", "systemCgroups", "cgroupRoot", "cgroupsPerQOS", "cpuManagerPolicy",
        "cpuManagerPolicyOptions", "cpuManagerReconcilePeriod", "memoryManagerPolicy",
        "topologyManagerPolicy", "topologyManagerScope", "topologyManagerPolicyOptions", "qosReserved",
        "hairpinMode", "podCIDR", "runOnce", "nodeStatusMaxImages", "maxOpenFiles",
        "contentType", "kubeAPIQPS", "kubeAPIBurst", "enableControllerAttachDetach",
        "protectKernelDefaults", "makeIPTablesUtilChains", "iptablesMasqueradeBit", "iptablesDropBit", "featureGates",
        "failSwapOn", "memorySwap", "containerLogMaxWorkers", "containerLogMonitorInterval",
        "configMapAndSecretChangeDetectionStrategy", "systemReservedCgroup", "kubeReservedCgroup", "reservedSystemCPUs",
        "showHiddenMetricsForVersion", "volumePluginDir", "providerID",
        "kernelMemcgNotification", "logging", "enableSystemLogHandler", "enableSystemLogQuery", "shutdownGracePeriod",
        "shutdownGracePeriodCriticalPods", "shutdownGracePeriodByPodPriority", "reservedMemory",
        "enableProfilingHandler", "enableDebugFlagsHandler", "memoryThrottlingFactor", "memoryReservationPolicy",
        "registerWithTaints", "registerNode", "tracing", "localStorageCapacityIsolation", "containerRuntimeEndpoint",
        "imageServiceEndpoint", "failCgroupV1");

    /// <param name="file">The configuration; one that is not there counts as empty unless <paramref name="mustExist"/>.</param>
    /// <param name="directory">With the drop-ins; one that is not there has none.</param>
    /// <exception cref="ManifestException">Names everything that is wrong, with file, line and field.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static KubeletSettings Read(string file, string directory, bool mustExist)
    {
        List<string> files = mustExist || File.Exists(file) ? [file] : [];
        if (Directory.Exists(directory))
        {
            files.AddRange(Directory.GetFiles(directory, "*.conf").Order(StringComparer.Ordinal));
        }

        ImmutableArray<SourceDocument>.Builder documents = ImmutableArray.CreateBuilder<SourceDocument>();
        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        foreach (string path in files)
        {
            AddDocument(path, documents, errors);
        }

        if (errors.Count > 0)
        {
            throw new ManifestException(errors.ToImmutable());
        }

        return documents.Count == 0 ? new KubeletSettings() : Read(new LayeredDocuments(documents.ToImmutable()));
    }

    private static KubeletSettings Read(LayeredDocuments layers)
    {
        KubeletConfiguration configuration;
        try
        {
            configuration = layers.Read(
                KubeletConfigurationContext.Default.KubeletConfiguration, KubeletConfiguration.Version, "KubeletConfiguration");
        }
        catch (ManifestException e)
        {
            throw new ManifestException([.. e.Errors.Select(Explain)]);
        }

        KubeletSettingsConversion conversion = new();
        KubeletSettings settings = conversion.Convert(configuration);
        return conversion.Errors.Count == 0
            ? settings
            : throw new ManifestException([.. conversion.Errors.ToImmutable().Select(layers.Locate)]);
    }

    private static void AddDocument(
        string path, ImmutableArray<SourceDocument>.Builder documents, ImmutableArray<ManifestError>.Builder errors)
    {
        try
        {
            ImmutableArray<SourceDocument> read = SourceReader.Read(path, File.ReadAllBytes(path));
            if (read.Length > 1)
            {
                errors.Add(new ManifestError(path, read[1].LineOf(string.Empty), string.Empty, "the file has more than one document"));
            }

            documents.AddRange(read);
        }
        catch (ManifestException e)
        {
            errors.AddRange(e.Errors);
        }
    }

    private static ManifestError Explain(ManifestError error)
    {
        const string Prefix = "unknown field \"";
        if (!error.Message.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return error;
        }

        string field = error.Message[Prefix.Length..^1];
        return NotActedOn.Contains(field)
            ? error with { Field = field, Message = "Forbidden: noded does not act on this setting" }
            : error;
    }
}
