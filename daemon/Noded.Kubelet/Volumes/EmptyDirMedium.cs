using k8s.Models;
using Noded.Api.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Volumes;

/// <summary>What an emptyDir is made of.</summary>
internal abstract record EmptyDirMedium
{
    private const string AnyHugePages = "HugePages";
    private const string HugePagesOfSize = AnyHugePages + "-";

    private EmptyDirMedium()
    {
    }

    /// <summary>A directory of the pod's, where the node keeps its data.</summary>
    internal static EmptyDirMedium Disk { get; } = new OnDisk();

    /// <summary>Whether a name is that of a medium: empty, <c>Memory</c>, <c>HugePages</c>, <c>HugePages-2Mi</c>.</summary>
    internal static bool IsKnown(string? medium) =>
        medium is null or "" or "Memory" or AnyHugePages || TryGetPageSize(medium, out _);

    /// <summary>
    /// The pages that containers of this pod request: with <c>HugePages</c> they are all of one size, else they have
    /// to be of the size that the medium names.
    /// </summary>
    internal static EmptyDirMedium HugePages(string medium, V1PodSpec spec)
    {
        long[] requested =
        [
            .. PodRequests.HugePages(spec)
                .Select(name => ResourceNames.TryGetPageSize(name, out Quantity size) ? size.Value : 0)
                .Where(size => size > 0)
                .Distinct(),
        ];
        if (TryGetPageSize(medium, out long wanted))
        {
            return requested.Contains(wanted)
                ? new InHugePages(wanted)
                : new Unavailable($"medium {medium} needs a container that requests hugepages-{medium[HugePagesOfSize.Length..]}");
        }

        return requested switch
        {
            [long size] => new InHugePages(size),
            [] => new Unavailable($"medium {medium} needs a container that requests huge pages"),
            _ => new Unavailable($"medium {medium} cannot be used when containers request huge pages of several sizes"),
        };
    }

    private static bool TryGetPageSize(string medium, out long bytes)
    {
        bytes = 0;
        if (!medium.StartsWith(HugePagesOfSize, StringComparison.Ordinal)
            || !Quantity.TryParse(medium[HugePagesOfSize.Length..], out Quantity size))
        {
            return false;
        }

        bytes = size.Value;
        return bytes > 0;
    }

    internal sealed record OnDisk : EmptyDirMedium;

    /// <summary>A file system in memory.</summary>
    /// <param name="Bytes">The most that it holds.</param>
    internal sealed record InMemory(long Bytes) : EmptyDirMedium;

    /// <summary>A file system of huge pages; what containers may have of them bounds it.</summary>
    /// <param name="PageBytes">The size of one.</param>
    internal sealed record InHugePages(long PageBytes) : EmptyDirMedium;

    /// <summary>The pod does not say what it needs for it.</summary>
    internal sealed record Unavailable(string Message) : EmptyDirMedium;
}
