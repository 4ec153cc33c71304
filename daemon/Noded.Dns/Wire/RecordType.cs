namespace Noded.Dns.Wire;

/// <summary>Types of records and of questions that this server tells apart; IANA's numbers.</summary>
internal enum RecordType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Dname = 39,
    Opt = 41,
    Ds = 43,
    DnsKey = 48,
    Https = 65,
    Ixfr = 251,
    Axfr = 252,
    Any = 255,
}

/// <summary>What became of a query; those above 15 need EDNS.</summary>
internal enum ResponseCode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    BadVers = 16,
}
