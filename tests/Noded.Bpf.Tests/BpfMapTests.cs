namespace Noded.Bpf.Tests;

[Trait("Category", "Integration")]
public sealed class BpfMapTests : IDisposable
{
    private readonly BpfObject _sample = Samples.Load();

    [Fact]
    public void Set_ThenRemove_IsFoundBetween()
    {
        using BpfMap<SampleKey, ulong> map = new(_sample.Map("sample_hash"));
        SampleKey key = new(1, 2);

        Assert.False(map.TryGet(key, out _));
        map.Set(key, 42);
        Assert.True(map.TryGet(key, out ulong value));
        Assert.Equal(42ul, value);
        Assert.True(map.Remove(key));
        Assert.False(map.Remove(key));
        Assert.False(map.TryGet(key, out _));
    }

    [Fact]
    public void Keys_OfSome_AreAllOfThem()
    {
        using BpfMap<SampleKey, ulong> map = new(_sample.Map("sample_hash"));
        SampleKey[] keys = [.. Enumerable.Range(0, 16).Select(number => new SampleKey((uint)number, 0))];
        Assert.Empty(map.Keys());

        foreach (SampleKey key in keys)
        {
            map.Set(key, 1);
        }

        Assert.Equal(keys, map.Keys().OrderBy(key => key.Number));
    }

    [Fact]
    public void Set_WhenFull_NamesTheMapAndItsSizeAndKeepsWhatIsThere()
    {
        using BpfMap<SampleKey, ulong> map = new(_sample.Map("sample_hash"));
        for (uint number = 0; number < map.MaxEntries; number++)
        {
            map.Set(new SampleKey(number, 0), number);
        }

        BpfMapFullException full = Assert.Throws<BpfMapFullException>(() => map.Set(new SampleKey(99, 0), 0));

        Assert.Equal("Map sample_hash is full: it holds 16 entries.", full.Message);
        Assert.Equal(16, map.Keys().Count);
        map.Set(new SampleKey(0, 0), 5);
    }

    [Fact]
    public void Constructor_OtherTypes_AreRefusedWithBothSizes()
    {
        using BpfMapHandle map = _sample.Map("sample_hash");

        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => new BpfMap<uint, ulong>(map));

        Assert.Equal("Map sample_hash holds 8→8 bytes, but UInt32→UInt64 is 4→8.", refusal.Message);
    }

    [Fact]
    public void MappedArray_Written_IsReadThroughTheMap()
    {
        using MappedArray<ulong> array = new(_sample.Map("sample_array"));
        using BpfMap<uint, ulong> map = new(_sample.Map("sample_array"));

        Volatile.Write(ref array[19999], 7);

        Assert.True(map.TryGet(19999, out ulong value));
        Assert.Equal((7ul, 20000u), (value, array.Length));
    }

    [Fact]
    public void MappedArray_Trimmed_HasWhatWasWritten()
    {
        using MappedArray<ulong> array = new(_sample.Map("sample_array"));
        array[0] = 1;
        array[8191] = 2;
        array[8192] = 3;

        array.Trim();

        Assert.Equal((1ul, 2ul, 3ul, 0ul), (array[0], array[8191], array[8192], array[16384]));
    }

    [Fact]
    public void MappedArray_BeyondItsEnd_IsRefused()
    {
        using MappedArray<ulong> array = new(_sample.Map("sample_array"));

        Assert.Throws<ArgumentOutOfRangeException>(() => array[20000]);
    }

    [Fact]
    public void MappedArray_OfAHash_IsRefused()
    {
        using BpfMapHandle map = _sample.Map("sample_hash");

        Assert.Throws<InvalidOperationException>(() => new MappedArray<ulong>(map));
    }

    [Fact]
    public void GraceBarrier_NothingRuns_Returns()
    {
        using GraceBarrier barrier = new();

        barrier.Wait();
        barrier.Wait();
    }

    public void Dispose() => _sample.Dispose();
}
