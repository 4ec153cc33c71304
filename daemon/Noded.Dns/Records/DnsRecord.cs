using System.Net;

namespace Noded.Dns.Records;

/// <summary>A record of a Service, as the specification has it.</summary>
/// <param name="Owner">A name without a dot at its end.</param>
internal abstract record DnsRecord(string Owner)
{
    /// <summary>A or AAAA, by the address's family.</summary>
    internal sealed record Address(string Owner, IPAddress Value) : DnsRecord(Owner);

    internal sealed record Srv(string Owner, ushort Weight, ushort Port, string Target) : DnsRecord(Owner);

    internal sealed record Cname(string Owner, string Target) : DnsRecord(Owner);
}

/// <summary>What an address is called.</summary>
/// <param name="IsService">Of a Service rather than one of its endpoints; it goes before those.</param>
internal readonly record struct ReverseName(IPAddress Address, string Name, bool IsService);
