using System.Net;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>An address chosen for a container.</summary>
internal sealed record Lease(IPAddress Address, AddressRange Range)
{
    internal CniAddress ToResult() => new(new IPPrefix(Address, Range.Subnet.Length)) { Gateway = Range.Gateway };
}
