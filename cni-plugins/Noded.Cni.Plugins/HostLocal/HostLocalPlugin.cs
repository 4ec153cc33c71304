using System.Collections.Immutable;
using System.Net;
using Noded.Cni.Results;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>Gives out addresses of ranges that this machine has for itself.</summary>
internal sealed class HostLocalPlugin : ICniPlugin
{
    public CniResult Add(CniRequest request)
    {
        HostLocalRequest wish = HostLocalRequest.Create(request);
        CniDns? dns = wish.ResolvConf is string path ? ResolvConfFile.Read(path) : null;
        using LeaseDirectory leases = LeaseDirectory.Open(wish.DataDirectory, wish.Network);

        if (leases.Leases.FirstOrDefault(lease => lease.Value == request.Attachment) is { Key: IPAddress held })
        {
            throw new CniException(
                CniErrorCode.DuplicateAttachment,
                $"{held} has been allocated to {request.Attachment}, duplicate allocation is not allowed");
        }

        // All are chosen before the first is recorded: a refusal changes nothing.
        List<(Lease Lease, int? RangeSet)> chosen = Choose(wish, leases);
        List<IPAddress> recorded = [];

        try
        {
            foreach ((Lease lease, int? set) in chosen)
            {
                recorded.Add(lease.Address);
                leases.Add(lease.Address, request.Attachment, set);
            }
        }
        catch
        {
            recorded.ForEach(leases.Remove);
            throw;
        }

        return new CniResult
        {
            Ips = [.. chosen.Select(choice => choice.Lease.ToResult())],
            Routes = wish.Routes,
            Dns = dns,
        };
    }

    public void Del(CniRequest request)
    {
        HostLocalRequest wish = HostLocalRequest.CreateForRemoval(request);
        using LeaseDirectory? leases = LeaseDirectory.TryOpen(wish.DataDirectory, wish.Network);

        foreach (IPAddress address in HeldBy(leases, request.Attachment))
        {
            leases!.Remove(address);
        }
    }

    public void Check(CniRequest request)
    {
        HostLocalRequest wish = HostLocalRequest.Create(request);
        using LeaseDirectory? leases = LeaseDirectory.TryOpen(wish.DataDirectory, wish.Network);

        if (HeldBy(leases, request.Attachment).IsEmpty)
        {
            throw new CniException(
                CniErrorCode.CheckFailed,
                $"host-local: Failed to find address added by container {request.Attachment.ContainerId}");
        }
    }

    public void Gc(CniRequest request)
    {
        HostLocalRequest wish = HostLocalRequest.CreateForRemoval(request);
        IReadOnlySet<Attachment> valid = request.ValidAttachments;
        using LeaseDirectory? leases = LeaseDirectory.TryOpen(wish.DataDirectory, wish.Network);

        foreach ((IPAddress address, Attachment holder) in leases?.Leases.ToList() ?? [])
        {
            if (!valid.Any(attachment => IsOf(holder, attachment)))
            {
                leases!.Remove(address);
            }
        }
    }

    public void Status(CniRequest request) => HostLocalRequest.Create(request);

    private static List<(Lease Lease, int? RangeSet)> Choose(HostLocalRequest wish, LeaseDirectory leases)
    {
        List<(Lease Lease, int? RangeSet)> chosen = [];
        List<IPAddress> requested = [.. wish.Requested];

        for (int i = 0; i < wish.RangeSets.Length; i++)
        {
            RangeSet set = wish.RangeSets[i];

            if (requested.Find(address => set.RangeOf(address) is not null) is IPAddress asked)
            {
                requested.Remove(asked);
                AddressRange range = set.RangeOf(asked)!;

                if (asked.Equals(range.Gateway))
                {
                    throw new CniException(
                        CniErrorCode.AddressNotAvailable, $"requested ip {asked} is subnet's gateway");
                }

                if (leases.Leases.TryGetValue(asked, out Attachment? holder))
                {
                    throw new CniException(
                        CniErrorCode.AddressNotAvailable,
                        $"requested IP address {asked} is not available in range set {set}",
                        $"{holder} has it");
                }

                chosen.Add((new Lease(asked, range), null));
            }
            else
            {
                Lease free = set.Next(leases.Last(i), leases.Leases.ContainsKey)
                    ?? throw new CniException(
                        CniErrorCode.AddressesExhausted, $"no IP addresses available in range set: {set}");
                chosen.Add((free, i));
            }
        }

        return requested.Count == 0
            ? chosen
            : throw new CniException(
                CniErrorCode.AddressNotAvailable,
                $"failed to allocate all requested IPs: {string.Join(' ', requested)}");
    }

    private static ImmutableArray<IPAddress> HeldBy(LeaseDirectory? leases, Attachment attachment) =>
        leases is null
            ? []
            : [.. leases.Leases.Where(lease => IsOf(lease.Value, attachment)).Select(lease => lease.Key)];

    /// <summary>A lease that names no interface is the container's, whichever interface is asked for.</summary>
    private static bool IsOf(Attachment holder, Attachment attachment) =>
        holder == attachment || (holder.InterfaceName.Length == 0 && holder.ContainerId == attachment.ContainerId);
}
