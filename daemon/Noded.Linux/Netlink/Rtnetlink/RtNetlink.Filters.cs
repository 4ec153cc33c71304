using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

/// <summary>Which packets of a link a filter sees.</summary>
public enum TrafficDirection
{
    /// <summary>That arrive at it.</summary>
    Ingress,

    /// <summary>That leave by it.</summary>
    Egress,
}

/// <summary>Programs at links, as kernels before tcx have them: filters of the clsact discipline (tc-bpf(8)).</summary>
public sealed partial class RtNetlink
{
    // TC_H_CLSACT with TC_H_MIN_INGRESS or TC_H_MIN_EGRESS.
    private const uint ClsactIngress = 0xfffffff2;
    private const uint ClsactEgress = 0xfffffff3;
    private const string ClsactKind = "clsact";
    private const string BpfKind = "bpf";

    // TCA_BPF_FLAG_ACT_DIRECT: what the program returns is what becomes of the packet.
    private const uint DirectAction = 1;
    private const uint BpfHandle = 1;

    /// <summary>Attaches a program, or puts it into the place of the one that was attached so before.</summary>
    /// <exception cref="LinuxException">The kernel refuses, or an ingress discipline has the place already.</exception>
    public void ReplaceProgram(int linkIndex, TrafficDirection direction, SafeHandle program, string name)
    {
        EnsureClsact(linkIndex);
        NetlinkMessageBuilder message =
            new NetlinkMessageBuilder(RouteMessageType.NewFilter, NetlinkFlags.Create)
                .Header(FilterOf(linkIndex, direction) with { Handle = BpfHandle });
        AttributeWriter<TrafficAttribute> filter = message.Attributes<TrafficAttribute>();
        filter.Put(TrafficAttribute.Kind, BpfKind);
        bool isHeld = false;

        try
        {
            program.DangerousAddRef(ref isHeld);
            using (AttributeWriter<BpfFilterAttribute> options = filter.Nest<BpfFilterAttribute>(TrafficAttribute.Options))
            {
                options.Put(BpfFilterAttribute.Descriptor, (uint)program.DangerousGetHandle());
                options.Put(BpfFilterAttribute.Name, name);
                options.Put(BpfFilterAttribute.Flags, DirectAction);
            }

            _socket.Execute(message, $"attach program {name} to the {direction} of link {linkIndex}");
        }
        finally
        {
            if (isHeld)
            {
                program.DangerousRelease();
            }
        }
    }

    /// <summary>False when no program was attached so, or the link is gone. The empty discipline costs nothing and stays.</summary>
    public bool DeleteProgram(int linkIndex, TrafficDirection direction) =>
        ExecuteRemoval(
            new NetlinkMessageBuilder(RouteMessageType.DeleteFilter, NetlinkFlags.None)
                .Header(FilterOf(linkIndex, direction)),
            $"detach the program from the {direction} of link {linkIndex}",
            Errno.ENOENT,
            Errno.EINVAL,
            Errno.ENODEV);

    private static TrafficHeader FilterOf(int linkIndex, TrafficDirection direction) => new()
    {
        Index = linkIndex,
        Parent = direction == TrafficDirection.Ingress ? ClsactIngress : ClsactEgress,
        Info = (FirstPriority << 16) | BinaryPrimitives.ReverseEndianness(AllProtocols),
    };

    private void EnsureClsact(int linkIndex)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.NewQdisc, NetlinkFlags.Create)
            .Header(new TrafficHeader { Index = linkIndex, Parent = IngressParent, Handle = IngressHandle });
        message.Attributes<TrafficAttribute>().Put(TrafficAttribute.Kind, ClsactKind);
        _socket.Execute(message, $"add a clsact discipline to link {linkIndex}");
    }
}
