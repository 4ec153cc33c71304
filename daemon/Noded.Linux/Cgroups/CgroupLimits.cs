using System.Collections.Immutable;

namespace Noded.Linux.Cgroups;

/// <summary>What a cgroup may use. What is null is left as it is.</summary>
public sealed record CgroupLimits
{
    /// <summary>Part in the processors while they are contended, 2 to 262144, 1024 for one; v2 has weights instead.</summary>
    public long? CpuShares { get; init; }

    /// <summary>Processor time in a period; negative for no limit.</summary>
    public TimeSpan? CpuQuota { get; init; }

    public TimeSpan CpuPeriod { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>In bytes; negative for no limit.</summary>
    public long? Memory { get; init; }

    /// <summary>Processes and threads; negative for no limit.</summary>
    public long? Pids { get; init; }

    /// <summary>Bytes by page size as the kernel writes it, for example <c>2MB</c>.</summary>
    public ImmutableDictionary<string, long> HugePages { get; init; } = ImmutableDictionary<string, long>.Empty;

    public ImmutableArray<IoLimit> Io { get; init; } = [];
}

/// <summary>What a cgroup may use of a block device, per second; null for no limit.</summary>
/// <param name="Device">Its numbers, <c>MAJOR:MINOR</c>.</param>
public sealed record IoLimit(string Device)
{
    public long? ReadBytes { get; init; }

    public long? WriteBytes { get; init; }

    public long? ReadOperations { get; init; }

    public long? WriteOperations { get; init; }
}
