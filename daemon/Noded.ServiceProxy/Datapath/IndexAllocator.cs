using Noded.Bpf;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// Indices of an array that programs read. A returned one rests until <see cref="Reclaim"/>, which the owner calls when
/// no reader can hold it any more.
/// </summary>
internal sealed class IndexAllocator(string name, uint capacity)
{
    private readonly Stack<uint> _free = [];
    private readonly List<uint> _resting = [];
    private uint _next;

    public uint Used => _next - (uint)_free.Count - (uint)_resting.Count;

    public int Resting => _resting.Count;

    public bool IsExhausted => _free.Count == 0 && _next == capacity;

    /// <exception cref="BpfMapFullException">All are in use or resting.</exception>
    public uint Take() =>
        _free.TryPop(out uint index) ? index
        : _next < capacity ? _next++
        : throw new BpfMapFullException(name, capacity);

    public void Return(uint index) => _resting.Add(index);

    public void Reclaim()
    {
        _resting.ForEach(_free.Push);
        _resting.Clear();
    }

    /// <summary>Begins with these in use, as a predecessor left them.</summary>
    public void Adopt(IReadOnlySet<uint> used)
    {
        _next = used.Count == 0 ? 0 : used.Max() + 1;
        _free.Clear();
        for (uint index = _next; index-- > 0;)
        {
            if (!used.Contains(index))
            {
                _free.Push(index);
            }
        }
    }
}
