namespace Noded.ServiceProxy.Datapath;

/// <summary>The compiled programs, embedded in this assembly.</summary>
internal static class BpfObjects
{
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(BpfObjects).Assembly.GetManifestResourceStream($"{name}.bpf.o")
            ?? throw new InvalidOperationException($"BPF object {name} was not embedded by the build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
