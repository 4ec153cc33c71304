using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink;

/// <summary>One message of a datagram from the kernel (struct nlmsghdr and what follows).</summary>
internal readonly ref struct NetlinkReply
{
    internal const ushort Error = 0x2;
    internal const ushort Done = 0x3;

    /// <summary>Types below are control messages (NLMSG_MIN_TYPE).</summary>
    internal const ushort FirstOfFamily = 0x10;

    private NetlinkReply(ReadOnlySpan<byte> message)
    {
        Type = MemoryMarshal.Read<ushort>(message[4..]);
        Flags = (NetlinkReplyFlags)MemoryMarshal.Read<ushort>(message[6..]);
        Sequence = MemoryMarshal.Read<uint>(message[8..]);
        PortId = MemoryMarshal.Read<uint>(message[12..]);
        Payload = message[NetlinkMessageBuilder.HeaderLength..];
    }

    internal ushort Type { get; }

    internal NetlinkReplyFlags Flags { get; }

    internal uint Sequence { get; }

    internal uint PortId { get; }

    internal ReadOnlySpan<byte> Payload { get; }

    /// <summary>Takes the next message off <paramref name="datagram"/>; false at its end or at one that does not fit.</summary>
    internal static bool TryRead(ref ReadOnlySpan<byte> datagram, out NetlinkReply reply)
    {
        if (datagram.Length < NetlinkMessageBuilder.HeaderLength)
        {
            reply = default;
            return false;
        }

        uint length = MemoryMarshal.Read<uint>(datagram);

        if (length < NetlinkMessageBuilder.HeaderLength || length > (uint)datagram.Length)
        {
            reply = default;
            return false;
        }

        reply = new NetlinkReply(datagram[..(int)length]);
        datagram = datagram[Math.Min(NetlinkMessageBuilder.Align((int)length), datagram.Length)..];
        return true;
    }

    /// <summary>Both an acknowledgement and the end of a dump begin with 0 or -errno; null for success.</summary>
    internal LinuxException? TryGetError(string operation)
    {
        if (!MemoryMarshal.TryRead(Payload, out int result) && Type == Error)
        {
            throw new IOException($"{operation}: the kernel's acknowledgement has {Payload.Length} bytes");
        }

        return result < 0 ? new LinuxException(operation, -result, Text()) : null;
    }

    /// <summary>The extended acknowledgement's message, if there is one.</summary>
    private string? Text()
    {
        if (!Flags.HasFlag(NetlinkReplyFlags.AckAttributes))
        {
            return null;
        }

        // Behind the error number and the request: its header alone when capped, which ours are.
        int offset = sizeof(int);

        if (Type == Error)
        {
            uint echoed = Flags.HasFlag(NetlinkReplyFlags.Capped) || Payload.Length < sizeof(int) + sizeof(uint)
                ? NetlinkMessageBuilder.HeaderLength
                : MemoryMarshal.Read<uint>(Payload[sizeof(int)..]);
            offset += NetlinkMessageBuilder.Align((int)Math.Min(echoed, (uint)Payload.Length));
        }

        AttributeReader<AckAttribute> attributes = new(Payload[Math.Min(offset, Payload.Length)..]);

        while (attributes.Read())
        {
            if (attributes.Type == AckAttribute.Message)
            {
                return attributes.Text;
            }
        }

        return null;
    }

    /// <summary>NLMSGERR_ATTR_*.</summary>
    private enum AckAttribute : ushort
    {
        Message = 1,
    }
}
