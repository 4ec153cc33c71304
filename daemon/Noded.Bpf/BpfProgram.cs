using Microsoft.Win32.SafeHandles;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>What a program did with a packet in a test run.</summary>
/// <param name="Duration">Of one repetition, on average.</param>
public sealed record BpfTestRun(uint Verdict, byte[] Packet, byte[] Context, TimeSpan Duration);

/// <summary>A loaded program.</summary>
public sealed unsafe class BpfProgram : IDisposable
{
    internal BpfProgram(string name, SafeFileHandle fd) => (Name, Fd) = (name, fd);

    public string Name { get; }

    internal SafeFileHandle Fd { get; }

    /// <summary>Runs the program on a packet without sending it anywhere (BPF_PROG_TEST_RUN).</summary>
    /// <param name="context">The context's fields that the kernel lets a test set; empty for none.</param>
    /// <param name="room">How much longer than the packet the result may be.</param>
    /// <param name="isSummed">
    /// The packet comes with the sum that a device made of it (CHECKSUM_COMPLETE, kernel 6.13); when the program leaves
    /// another sum than the packet then has, the run fails with EBADMSG.
    /// </param>
    public BpfTestRun TestRun(
        ReadOnlySpan<byte> packet,
        ReadOnlySpan<byte> context = default,
        int repeat = 1,
        int room = 256,
        bool isSummed = false)
    {
        const uint BPF_F_TEST_SKB_CHECKSUM_COMPLETE = 1 << 2;
        byte[] output = new byte[packet.Length + room];
        byte[] contextOut = new byte[context.Length];
        fixed (byte* input = packet, outputStart = output, contextIn = context, contextStart = contextOut)
        {
            LibBpf.bpf_test_run_opts opts = new()
            {
                sz = (nuint)sizeof(LibBpf.bpf_test_run_opts),
                data_in = input,
                data_size_in = (uint)packet.Length,
                data_out = outputStart,
                data_size_out = (uint)output.Length,
                ctx_in = context.IsEmpty ? null : contextIn,
                ctx_size_in = (uint)context.Length,
                ctx_out = context.IsEmpty ? null : contextStart,
                ctx_size_out = (uint)context.Length,
                repeat = repeat,
                flags = isSummed ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0,
            };
            BpfException.Check(
                LibBpf.bpf_prog_test_run_opts(BpfFd.Number(Fd), ref opts), $"run program {Name} on a packet");
            GC.KeepAlive(this);
            return new BpfTestRun(
                opts.retval, output[..(int)opts.data_size_out], contextOut, TimeSpan.FromMicroseconds(opts.duration / 1e3));
        }
    }

    /// <summary>
    /// Has an XDP program handle copies of a frame as if a link had received them (BPF_F_TEST_XDP_LIVE_FRAMES, kernel
    /// 5.18): those that it passes go on to the network stack. The link must have an XDP program itself.
    /// </summary>
    public void Receive(ReadOnlySpan<byte> frame, int linkIndex, int count)
    {
        const uint BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1;
        // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
        uint* context = stackalloc uint[6];
        new Span<uint>(context, 6).Clear();
        (context[1], context[3]) = ((uint)frame.Length, (uint)linkIndex);
        fixed (byte* input = frame)
        {
            LibBpf.bpf_test_run_opts opts = new()
            {
                sz = (nuint)sizeof(LibBpf.bpf_test_run_opts),
                data_in = input,
                data_size_in = (uint)frame.Length,
                ctx_in = (byte*)context,
                ctx_size_in = 6 * sizeof(uint),
                repeat = count,
                flags = BPF_F_TEST_XDP_LIVE_FRAMES,
            };
            BpfException.Check(
                LibBpf.bpf_prog_test_run_opts(BpfFd.Number(Fd), ref opts), $"have link {linkIndex} receive frames");
            GC.KeepAlive(this);
        }
    }

    /// <summary>Keeps the program loaded when this process ends, below a bpf file system.</summary>
    public void Pin(string path) => BpfException.Check(LibBpf.bpf_obj_pin(Fd, path), $"pin program {Name} at {path}");

    public void Dispose() => Fd.Dispose();
}
