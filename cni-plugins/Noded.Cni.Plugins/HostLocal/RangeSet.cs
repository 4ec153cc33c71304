using System.Collections.Immutable;
using System.Net;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>Ranges of one family, tried in order; a container gets one address of all of them together.</summary>
internal sealed record RangeSet(ImmutableArray<AddressRange> Ranges)
{
    /// <exception cref="CniException">Code 7: no range, two families, or ranges that overlap.</exception>
    internal static RangeSet Create(IEnumerable<HostLocalRange> ranges)
    {
        RangeSet set = new([.. ranges.Select(AddressRange.Create)]);

        if (set.Ranges.IsEmpty)
        {
            throw Invalid("empty range set");
        }

        if (set.Ranges.Select(range => range.Subnet.IsV6).Distinct().Count() > 1)
        {
            throw Invalid("mixed address families in one range set");
        }

        for (int i = 0; i < set.Ranges.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                ThrowIfOverlapping(set.Ranges[j], set.Ranges[i]);
            }
        }

        return set;
    }

    internal AddressRange? RangeOf(IPAddress address) => Ranges.FirstOrDefault(range => range.Contains(address));

    internal void ThrowIfOverlapping(RangeSet other)
    {
        foreach (AddressRange range in Ranges)
        {
            foreach (AddressRange foreign in other.Ranges)
            {
                ThrowIfOverlapping(range, foreign);
            }
        }
    }

    /// <summary>
    /// The next free address, starting behind the one given out last so that an address rests as long as possible
    /// before it is used again; null when all are taken.
    /// </summary>
    /// <param name="last">Null at the very first time.</param>
    internal Lease? Next(IPAddress? last, Func<IPAddress, bool> isTaken)
    {
        int start = 0;
        UInt128 from = Ranges[0].First;

        if (last is not null && RangeOf(last) is AddressRange current)
        {
            start = Ranges.IndexOf(current);
            UInt128 lastNumber = AddressRange.NumberOf(last);
            (start, from) = lastNumber < current.Last
                ? (start, lastNumber + 1)
                : ((start + 1) % Ranges.Length, Ranges[(start + 1) % Ranges.Length].First);
        }

        // Behind the start, all other ranges, and the start's range up to it.
        for (int step = 0; step <= Ranges.Length; step++)
        {
            AddressRange range = Ranges[(start + step) % Ranges.Length];
            UInt128 first = step == 0 ? from : range.First;
            bool isLastStep = step == Ranges.Length;

            if (isLastStep && from == range.First)
            {
                break;
            }

            UInt128 end = isLastStep ? from - 1 : range.Last;

            for (UInt128 number = first; number <= end; number++)
            {
                IPAddress candidate = range.AddressAt(number);

                if (!candidate.Equals(range.Gateway) && !isTaken(candidate))
                {
                    return new Lease(candidate, range);
                }

                if (number == UInt128.MaxValue)
                {
                    break;
                }
            }
        }

        return null;
    }

    public override string ToString() => string.Join(
        ',', Ranges.Select(range => $"{range.AddressAt(range.First)}-{range.AddressAt(range.Last)}"));

    private static void ThrowIfOverlapping(AddressRange a, AddressRange b)
    {
        if (a.Overlaps(b))
        {
            throw Invalid($"range set overlaps: {a.Subnet} and {b.Subnet}");
        }
    }

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidNetworkConfig, message);
}
