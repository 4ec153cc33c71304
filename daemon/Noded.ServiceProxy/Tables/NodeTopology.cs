namespace Noded.ServiceProxy.Tables;

/// <summary>What the choice of endpoints needs to know of this node.</summary>
/// <param name="Zone">The label topology.kubernetes.io/zone; empty when it has none.</param>
public sealed record NodeTopology(string NodeName, string Zone = "");
