using System.Collections.Immutable;
using System.Net;
using Noded.Primitives;

namespace Noded.ServiceProxy.Tables;

/// <summary>One port of a Service in one address family, as the proxy reads it.</summary>
internal sealed record ServicePort(ServicePortName Name, IPAddress ClusterIP, ushort Port)
{
    /// <summary>0 for none.</summary>
    public ushort NodePort { get; init; }

    public ImmutableArray<IPAddress> ExternalIPs { get; init; } = [];

    /// <summary>Those that the proxy shall answer for: not of ipMode Proxy.</summary>
    public ImmutableArray<IPAddress> LoadBalancerIPs { get; init; } = [];

    /// <summary>Empty lets everybody in.</summary>
    public ImmutableArray<IPPrefix> SourceRanges { get; init; } = [];

    /// <summary>Zero for none.</summary>
    public TimeSpan Affinity { get; init; }

    /// <summary>internalTrafficPolicy: Local.</summary>
    public bool IsInternallyLocal { get; init; }

    /// <summary>externalTrafficPolicy: Local.</summary>
    public bool IsExternallyLocal { get; init; }

    /// <summary>0 for none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    public bool IsExternallyAccessible => NodePort != 0 || !ExternalIPs.IsEmpty || !LoadBalancerIPs.IsEmpty;

    /// <summary>
    /// Also with externalTrafficPolicy Local: clients inside the cluster reach every endpoint through the outer addresses.
    /// </summary>
    public bool UsesClusterEndpoints => !IsInternallyLocal || IsExternallyAccessible;

    public bool UsesLocalEndpoints => IsInternallyLocal || (IsExternallyLocal && IsExternallyAccessible);
}
