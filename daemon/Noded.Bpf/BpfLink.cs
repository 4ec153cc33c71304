using Microsoft.Win32.SafeHandles;
using Noded.Bpf.Interop;
using Noded.Linux;

namespace Noded.Bpf;

/// <summary>
/// An attachment of a program. It ends when its last descriptor is closed and it is not pinned; another program can
/// take the place of the first without a gap.
/// </summary>
public sealed class BpfLink : IDisposable
{
    private readonly SafeFileHandle _fd;
    private readonly string _name;

    private BpfLink(string name, SafeFileHandle fd) => (_name, _fd) = (name, fd);

    /// <summary>Attaches to a cgroup2 directory and everything below it.</summary>
    public static BpfLink AttachCgroup(BpfProgram program, string cgroup, BpfAttachType type)
    {
        using SafeFileHandle directory = BpfFd.OpenDirectory(cgroup);
        return Create(program, BpfFd.Number(directory), type, $"cgroup {cgroup}");
    }

    /// <summary>Attaches to a link's ingress or egress by tcx (kernel 6.6).</summary>
    public static BpfLink AttachTcx(BpfProgram program, int linkIndex, BpfAttachType type) =>
        Create(program, linkIndex, type, $"link {linkIndex}");

    /// <summary>The attachment pinned there, or null.</summary>
    public static BpfLink? TryOpenPin(string path)
    {
        LibBpfLog.Capture();
        int fd = LibBpf.bpf_obj_get(path);
        return fd == -Errno.ENOENT ? null : new BpfLink(path, BpfFd.Own(fd, $"open the pinned attachment {path}"));
    }

    /// <summary>
    /// An attachment that outlives its makers: the program takes the place of a predecessor's without a gap, or is
    /// attached anew and pinned.
    /// </summary>
    public static BpfLink AttachPinned(BpfProgram program, string pin, Func<BpfProgram, BpfLink> attach)
    {
        if (TryOpenPin(pin) is BpfLink before)
        {
            if (before.TryUpdate(program))
            {
                return before;
            }

            // What it was attached to is gone; another may have its name or number by now.
            before.Dispose();
            File.Delete(pin);
        }

        BpfLink link = attach(program);
        link.Pin(pin);
        return link;
    }

    /// <summary>Makes the attachment outlive this process, below a bpf file system.</summary>
    public void Pin(string path) => BpfException.Check(LibBpf.bpf_obj_pin(_fd, path), $"pin {_name} at {path}");

    /// <summary>Puts another program into this place; every packet or call meets the one or the other.</summary>
    /// <returns>False when what it was attached to is gone.</returns>
    public bool TryUpdate(BpfProgram program)
    {
        const int ENOLINK = 67;
        int result = LibBpf.bpf_link_update(_fd, BpfFd.Number(program.Fd), 0);
        GC.KeepAlive(program);
        return result != -ENOLINK && BpfException.Check(result, $"put program {program.Name} into {_name}") == 0;
    }

    public void Dispose() => _fd.Dispose();

    private static BpfLink Create(BpfProgram program, int target, BpfAttachType type, string where)
    {
        string name = $"attach program {program.Name} to {where} as {type}";
        int fd = LibBpf.bpf_link_create(BpfFd.Number(program.Fd), target, (int)type, 0);
        GC.KeepAlive(program);
        return new BpfLink(name, BpfFd.Own(fd, name));
    }
}
