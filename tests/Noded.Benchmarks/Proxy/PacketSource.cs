using Noded.Bpf;

namespace Noded.Benchmarks.Proxy;

/// <summary>An XDP program that gives every frame it sees another source port, and passes it.</summary>
internal sealed class PacketSource : IDisposable
{
    private readonly BpfObject _object;

    private PacketSource(BpfObject loaded) => (_object, Program) = (loaded, loaded.Program("xdp_source"));

    internal BpfProgram Program { get; }

    internal static PacketSource Load()
    {
        using Stream stream = typeof(PacketSource).Assembly.GetManifestResourceStream("xdp_source.bpf.o")
            ?? throw new InvalidOperationException("The program was not embedded by the build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        BpfObject source = BpfObject.Open("xdp_source", bytes);
        source.Load();
        return new PacketSource(source);
    }

    public void Dispose()
    {
        Program.Dispose();
        _object.Dispose();
    }
}
