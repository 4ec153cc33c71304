using System.Net;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Inspection;

/// <summary>What became of a connection or datagram to a Service; the numbers are those of the programs' enum counter.</summary>
public enum FlowVerdict
{
    /// <summary>It was led to an endpoint.</summary>
    Translated,

    /// <summary>Nobody serves: its sender was told so.</summary>
    Refused,

    /// <summary>Nobody serves for this client, but others do.</summary>
    Dropped,

    /// <summary>The client is in none of the Service's source ranges.</summary>
    SourceDenied,
}

/// <summary>Where it was seen.</summary>
public enum FlowHook
{
    /// <summary>At connect() or sendmsg() of a process.</summary>
    Socket,

    /// <summary>As a packet of a pod.</summary>
    Pod,

    /// <summary>As a packet from outside.</summary>
    Uplink,
}

/// <summary>A choice that a program made.</summary>
/// <param name="Client">Null when the program does not know it; its port is 0 at a socket.</param>
/// <param name="Backend">Null unless it was translated.</param>
public sealed record FlowEvent(
    DateTimeOffset Time,
    FlowVerdict Verdict,
    FlowHook Hook,
    ServiceProtocol Protocol,
    IPEndPoint? Client,
    IPEndPoint Target,
    IPEndPoint? Backend);
