using System.Collections.Immutable;
using System.Net;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Dns.Server;

/// <summary>
/// The server's addresses on the loopback link: pods reach them by their default route, and no other machine does. A file
/// tells which of them are ours, so that those of others stay.
/// </summary>
/// <param name="marker">The file: an address in each line.</param>
internal sealed class LoopbackAddresses(string marker, Func<RtNetlink> openNetlink)
{
    private const string Loopback = "lo";

    /// <summary>Adds those that are missing, and removes those of an earlier configuration.</summary>
    /// <exception cref="IOException">The kernel or the file system refuses.</exception>
    public void Ensure(ImmutableArray<IPAddress> addresses)
    {
        using RtNetlink netlink = openNetlink();
        int link = netlink.GetLink(Loopback).Index;
        ImmutableArray<IPAddress> ours = ReadMarker();
        foreach (IPAddress old in ours.Except(addresses))
        {
            netlink.DeleteAddress(link, IPPrefix.Host(old));
        }

        ImmutableHashSet<IPAddress> there =
            [.. netlink.GetAddresses(link).Select(address => address.Prefix.Address)];
        ImmutableArray<IPAddress> missing = [.. addresses.Where(address => !there.Contains(address))];

        // Marked before it is made: what a crash leaves is found.
        WriteMarker([.. ours.Intersect(addresses).Union(missing)]);
        foreach (IPAddress address in missing)
        {
            netlink.AddAddress(link, IPPrefix.Host(address), AddressFlags.NoDuplicateDetection);
        }
    }

    /// <summary>Removes what <see cref="Ensure"/> added.</summary>
    public void Remove() => Ensure([]);

    private ImmutableArray<IPAddress> ReadMarker()
    {
        if (!File.Exists(marker))
        {
            return [];
        }

        ImmutableArray<IPAddress>.Builder addresses = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (string line in File.ReadAllLines(marker))
        {
            if (IPAddressText.TryParse(line, out IPAddress? address))
            {
                addresses.Add(address);
            }
        }

        return addresses.ToImmutable();
    }

    private void WriteMarker(ImmutableArray<IPAddress> addresses)
    {
        if (addresses.IsEmpty)
        {
            // The directory may be missing, where no node ever was.
            if (File.Exists(marker))
            {
                File.Delete(marker);
            }

            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(marker)!);
        File.WriteAllLines(marker, addresses.Select(address => address.ToString()));
    }
}
