using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Noded.Bpf;

namespace Noded.Benchmarks.Proxy;

/// <summary>An XDP program that makes every frame one of many flows, and passes it.</summary>
internal sealed class PacketSource : IDisposable
{
    private readonly BpfObject _object;

    private PacketSource(BpfObject loaded) => (_object, Program) = (loaded, loaded.Program("xdp_source"));

    internal BpfProgram Program { get; }

    /// <param name="frame">What every frame begins with: Ethernet, IPv4 and UDP.</param>
    internal static PacketSource Load(ReadOnlySpan<byte> frame)
    {
        using Stream stream = typeof(PacketSource).Assembly.GetManifestResourceStream("xdp_source.bpf.o")
            ?? throw new InvalidOperationException("The program was not embedded by the build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        BpfObject source = BpfObject.Open("xdp_source", bytes);
        source.SetConstant("headers", MemoryMarshal.Read<Headers>(frame));
        source.Load();
        return new PacketSource(source);
    }

    public void Dispose()
    {
        Program.Dispose();
        _object.Dispose();
    }

    /// <summary>struct headers of bpf/tests/xdp_source.bpf.c.</summary>
    [InlineArray(Length)]
    private struct Headers
    {
        private const int Length = 42;
        private byte _first;
    }
}
