using Noded.Testing;

namespace Noded.Bpf.Tests;

/// <summary>The objects of bpf/tests, and places to pin and attach them that go with the test.</summary>
internal static class Samples
{
    internal static byte[] Read(string name)
    {
        using Stream stream = typeof(Samples).Assembly.GetManifestResourceStream($"{name}.bpf.o")!; // embedded
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    internal static BpfObject Open()
    {
        Requires.Root();
        return BpfObject.Open("sample", Read("sample"));
    }

    internal static BpfObject Load()
    {
        BpfObject sample = Open();
        sample.Load();
        return sample;
    }
}

/// <summary>struct sample_key of bpf/tests/sample.bpf.c.</summary>
internal readonly record struct SampleKey(uint Number, uint Other);
