using System.Numerics;

namespace Noded.ServiceProxy.Datapath;

/// <summary>A run of slots.</summary>
internal readonly record struct SlotRange(uint First, int Count);

/// <summary>
/// Hands out runs of the array of slots, each a power of two long so that what comes back fits the next one. A returned
/// run rests until <see cref="Reclaim"/>.
/// </summary>
internal sealed class SlotRanges(uint capacity)
{
    private const int Classes = 17;

    private readonly Stack<uint>[] _free = [.. Enumerable.Range(0, Classes).Select(_ => new Stack<uint>())];
    private readonly List<SlotRange> _resting = [];
    private uint _next;

    /// <summary>Slots that rest, in all.</summary>
    public long Resting { get; private set; }

    /// <summary>Slots handed out and resting.</summary>
    public long Used { get; private set; }

    public bool TryTake(int count, out SlotRange range)
    {
        int wanted = ClassOf(count);
        range = default;
        if (TryTakeFree(wanted, out uint first))
        {
            range = new SlotRange(first, count);
            Used += 1L << wanted;
            return true;
        }

        return false;
    }

    public void Return(SlotRange range)
    {
        _resting.Add(range);
        Resting += 1L << ClassOf(range.Count);
    }

    public void Reclaim()
    {
        foreach (SlotRange range in _resting)
        {
            int size = ClassOf(range.Count);
            _free[size].Push(range.First);
            Used -= 1L << size;
        }

        _resting.Clear();
        Resting = 0;
    }

    /// <summary>
    /// Begins anew with these in use: after a restart, and when what is free has become too small to be of use.
    /// </summary>
    /// <remarks>What rests must have been reclaimed.</remarks>
    public void Rebuild(IEnumerable<SlotRange> used)
    {
        Array.ForEach(_free, stack => stack.Clear());
        _next = 0;
        Used = 0;
        foreach (SlotRange range in used.OrderBy(range => range.First))
        {
            Release(_next, range.First);
            _next = Math.Max(_next, range.First + (1u << ClassOf(range.Count)));
            Used += 1L << ClassOf(range.Count);
        }
    }

    private static int ClassOf(int count) => BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)count));

    private bool TryTakeFree(int wanted, out uint first)
    {
        if (_free[wanted].TryPop(out first))
        {
            return true;
        }

        uint length = 1u << wanted;
        if (_next + length <= capacity)
        {
            first = _next;
            _next += length;
            return true;
        }

        for (int size = wanted + 1; size < Classes; size++)
        {
            if (_free[size].TryPop(out first))
            {
                Release(first + length, first + (1u << size));
                return true;
            }
        }

        return false;
    }

    /// <summary>Makes a stretch free, cut into pieces as large as they go.</summary>
    private void Release(uint from, uint to)
    {
        while (from < to)
        {
            int size = Math.Min(BitOperations.Log2(to - from), Classes - 1);
            _free[size].Push(from);
            from += 1u << size;
        }
    }
}
