namespace Noded.Dns.Server;

/// <summary>How a query came, which limits the answer; also the two labels of CoreDNS's metrics.</summary>
internal readonly record struct DnsTransport(bool IsTcp, bool IsV6)
{
    public string Protocol => IsTcp ? "tcp" : "udp";

    /// <summary>IANA's number of the address family.</summary>
    public string Family => IsV6 ? "2" : "1";
}
