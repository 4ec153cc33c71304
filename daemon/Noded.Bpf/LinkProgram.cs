using System.Globalization;
using Noded.Linux.Netlink.Rtnetlink;

namespace Noded.Bpf;

/// <summary>How this kernel attaches programs to links.</summary>
public enum LinkHook
{
    /// <summary>Attachments of their own (kernel 6.6): a pin holds them.</summary>
    Tcx,

    /// <summary>Filters of a queueing discipline: the link holds them, and a pin of the program tells that they are ours.</summary>
    Clsact,
}

/// <summary>
/// A place for one program at a link, which it keeps when this process ends, until it is detached or the link is gone.
/// The pin's name tells hook, link and direction.
/// </summary>
/// <param name="Directory">Of the pins, below a bpf file system.</param>
public sealed record LinkProgram(string Directory, LinkHook Hook, int LinkIndex, TrafficDirection Direction)
{
    private string Pin => Path.Combine(
        Directory, string.Create(CultureInfo.InvariantCulture, $"{NameOf(Hook)}_{LinkIndex}_{NameOf(Direction)}"));

    /// <summary>All places that are taken, by this process or its predecessors.</summary>
    public static IEnumerable<LinkProgram> Find(string directory) =>
        System.IO.Directory.Exists(directory)
            ? System.IO.Directory.EnumerateFiles(directory).Select(path => TryParse(directory, Path.GetFileName(path)))
                .OfType<LinkProgram>()
            : [];

    /// <summary>Puts a program there; one that is there already is replaced without a gap.</summary>
    /// <exception cref="IOException">The link is gone, or the kernel refuses.</exception>
    public void Attach(BpfProgram program)
    {
        if (Hook == LinkHook.Tcx)
        {
            BpfAttachType type = Direction == TrafficDirection.Ingress ? BpfAttachType.TcxIngress : BpfAttachType.TcxEgress;
            BpfLink.AttachPinned(program, Pin, attached => BpfLink.AttachTcx(attached, LinkIndex, type)).Dispose();
            return;
        }

        using RtNetlink netlink = RtNetlink.Open();
        netlink.ReplaceProgram(LinkIndex, Direction, program.Fd, program.Name);
        File.Delete(Pin);
        program.Pin(Pin);
    }

    /// <summary>Takes the program away, if it is there.</summary>
    public void Detach()
    {
        if (Hook == LinkHook.Clsact && File.Exists(Pin))
        {
            using RtNetlink netlink = RtNetlink.Open();
            netlink.DeleteProgram(LinkIndex, Direction);
        }

        File.Delete(Pin);
    }

    private static LinkProgram? TryParse(string directory, string name) =>
        name.Split('_') is [string hook, string link, string direction]
        && int.TryParse(link, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
        && Enum.GetValues<LinkHook>().Where(value => NameOf(value) == hook).ToArray() is [LinkHook parsedHook]
        && Enum.GetValues<TrafficDirection>().Where(value => NameOf(value) == direction).ToArray() is
            [TrafficDirection parsedDirection]
            ? new LinkProgram(directory, parsedHook, index, parsedDirection)
            : null;

    private static string NameOf(LinkHook hook) => hook == LinkHook.Tcx ? "tcx" : "clsact";

    private static string NameOf(TrafficDirection direction) => direction == TrafficDirection.Ingress ? "in" : "out";
}
