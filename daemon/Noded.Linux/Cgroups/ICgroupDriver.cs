using System.Collections.Immutable;

namespace Noded.Linux.Cgroups;

/// <summary>
/// Who makes, limits and removes the cgroups of one node's pods, and what they are called: what upstream's
/// <c>cgroupDriver</c> chooses. The runtime has to make the containers' in the same way.
/// </summary>
public interface ICgroupDriver
{
    /// <summary>Memory is limited by cgroup v2.</summary>
    bool IsUnified { get; }

    /// <summary>The cgroup above all others; null where the pods' own is that.</summary>
    Cgroup? Node { get; }

    /// <summary>The cgroup of these names, one below the other, below the node's.</summary>
    Cgroup Locate(params ReadOnlySpan<string> names);

    /// <summary>Where the runtime puts a container of a pod.</summary>
    /// <param name="container">The runtime's id of it.</param>
    Cgroup LocateContainer(Cgroup pod, string container);

    /// <summary>Makes a cgroup, and those above it, with limits; one that exists is given them.</summary>
    /// <returns>What was not set and why, one sentence each.</returns>
    /// <exception cref="IOException">It cannot be made.</exception>
    ImmutableArray<string> Ensure(Cgroup cgroup, CgroupLimits limits);

    /// <summary>Gives a cgroup that exists other limits.</summary>
    /// <returns>What was not set and why, one sentence each.</returns>
    ImmutableArray<string> Apply(Cgroup cgroup, CgroupLimits limits);

    /// <summary>Removes a cgroup and those below it. What is gone already is no error.</summary>
    /// <returns>False when one of them still holds a process.</returns>
    /// <exception cref="IOException">Who would have to remove it cannot be asked.</exception>
    bool TryRemove(Cgroup cgroup);
}
