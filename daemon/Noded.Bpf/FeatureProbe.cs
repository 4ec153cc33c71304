using Noded.Bpf.Interop;
using Noded.Linux;

namespace Noded.Bpf;

/// <summary>What this kernel's BPF can do beyond the oldest one supported.</summary>
public static unsafe class FeatureProbe
{
    private const int CgroupSockAddr = 18;
    private const int SetReturnValue = 187;
    private const int LoopbackIndex = 1;

    /// <summary>A cgroup program may choose the error that a refused call returns (kernel 5.18).</summary>
    public static bool HasSetReturnValue()
    {
        LibBpfLog.Capture();
        return BpfException.Check(
            LibBpf.libbpf_probe_bpf_helper(CgroupSockAddr, SetReturnValue, 0), "probe bpf_set_retval") == 1;
    }

    /// <summary>The better of the ways in which this kernel attaches programs to links.</summary>
    public static LinkHook BestLinkHook() => HasTcx() ? LinkHook.Tcx : LinkHook.Clsact;

    /// <summary>Programs attach to links by tcx (kernel 6.6).</summary>
    public static bool HasTcx()
    {
        LibBpfLog.Capture();
        uint count = 0;
        int result = LibBpf.bpf_prog_query(LoopbackIndex, (int)BpfAttachType.TcxIngress, 0, null, null, ref count);
        return result != -Errno.EINVAL && BpfException.Check(result, "probe tcx") == 0;
    }

    /// <summary>Sockets can carry a value of ours.</summary>
    public static bool HasSocketStorage()
    {
        const int socketStorage = 24;
        LibBpfLog.Capture();
        return BpfException.Check(LibBpf.libbpf_probe_bpf_map_type(socketStorage, 0), "probe socket storage") == 1;
    }
}
