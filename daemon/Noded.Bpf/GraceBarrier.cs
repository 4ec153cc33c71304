using Microsoft.Win32.SafeHandles;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>
/// Waits until every BPF program that ran when <see cref="Wait"/> was called has ended: an update of a map in a map
/// promises that to its caller (kernel commit 1ae80cf31938). What no reader can reach any more may be reused after it.
/// </summary>
public sealed unsafe class GraceBarrier : IDisposable
{
    private readonly SafeFileHandle _inner;
    private readonly SafeFileHandle _outer;

    public GraceBarrier()
    {
        LibBpfLog.Capture();
        _inner = BpfMapHandle.CreateInner();
        _outer = BpfMapHandle.CreateOuter(_inner);
    }

    public void Wait()
    {
        uint key = 0;
        int inner = BpfFd.Number(_inner);
        BpfException.Check(LibBpf.bpf_map_update_elem(_outer, &key, &inner, 0), "wait for running BPF programs");
        GC.KeepAlive(_inner);
    }

    public void Dispose()
    {
        _outer.Dispose();
        _inner.Dispose();
    }
}
