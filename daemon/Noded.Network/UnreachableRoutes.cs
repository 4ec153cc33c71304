using Noded.Linux;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Network;

/// <summary>
/// Routes that answer "unreachable" for the cluster's addresses where no better route leads: what was not translated, or
/// goes to a pod that is gone, never leaks to the machine's uplink. They lose against every other route by their metric,
/// which also tells whose they are: one node's are found again without a record of them.
/// </summary>
public static class UnreachableRoutes
{
    /// <summary>Makes these routes and removes those of an earlier configuration.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static void Ensure(RtNetlink netlink, NodePaths paths, IEnumerable<IPPrefix> destinations)
    {
        HashSet<IPPrefix> wished = [.. destinations];
        HashSet<IPPrefix> found = [];

        foreach (Route route in Find(netlink, paths))
        {
            if (!wished.Contains(route.Destination))
            {
                netlink.DeleteRoute(route);
            }

            found.Add(route.Destination);
        }

        foreach (IPPrefix destination in wished.Except(found))
        {
            netlink.AddRoute(new Route(destination) { Type = RouteType.Unreachable, Priority = MetricOf(paths) });
        }
    }

    public static void Remove(RtNetlink netlink, NodePaths paths) => Ensure(netlink, paths, []);

    /// <summary>The highest metric for the machine's own node, one of the 65,536 below it for each other root.</summary>
    internal static uint MetricOf(NodePaths paths) =>
        paths.Root == "/" ? uint.MaxValue : uint.MaxValue - 1 - paths.InstanceNumber;

    private static IEnumerable<Route> Find(RtNetlink netlink, NodePaths paths) => netlink.GetRoutes().Where(
        route => route.Type == RouteType.Unreachable && route.Priority == MetricOf(paths));
}
