using System.Runtime.InteropServices;
using Noded.Linux.Interop;
using Noded.Linux.Namespaces;

namespace Noded.Linux.Netlink;

/// <summary>
/// Requests to one part of the kernel and their replies (netlink(7)). Synchronous on purpose: the kernel has carried a
/// request out, and its reply is queued, when send(2) returns. Not thread-safe.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    // A dump that the kernel calls inconsistent is read anew; so often it changes only under an attack.
    private const int MaxDumpAttempts = 16;

    // One reply datagram of a dump has up to 32 KiB (NLMSG_GOODSIZE, capped by the reader's buffer).
    private const int ReceiveLength = 32 * 1024;

    private readonly SafeFd _fd;
    private readonly uint _portId;
    private readonly byte[] _receive = new byte[ReceiveLength];
    private uint _sequence;

    private NetlinkSocket(SafeFd fd)
    {
        _fd = fd;
        LibC.sockaddr_nl address = new() { nl_family = LibC.AF_NETLINK };

        if (LibC.bind(fd, in address, (uint)Marshal.SizeOf<LibC.sockaddr_nl>()) < 0)
        {
            throw LinuxException.FromLastError("bind a netlink socket");
        }

        uint length = (uint)Marshal.SizeOf<LibC.sockaddr_nl>();

        if (LibC.getsockname(fd, ref address, ref length) < 0)
        {
            throw LinuxException.FromLastError("getsockname of a netlink socket");
        }

        _portId = address.nl_pid;

        // Texts of errors, without an echo of the request. Kernels of 5.10 and later know both.
        SetOption(LibC.NETLINK_EXT_ACK);
        SetOption(LibC.NETLINK_CAP_ACK);
    }

    /// <summary>Talks to the namespace given, to that of the calling thread when it is null.</summary>
    internal static NetlinkSocket Open(NetlinkProtocol protocol, NetworkNamespace? networkNamespace = null)
    {
        SafeFd fd = networkNamespace is null
            ? SafeFd.Own(
                LibC.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, (int)protocol),
                "open a netlink socket")
            : networkNamespace.OpenSocket(LibC.AF_NETLINK, LibC.SOCK_RAW, (int)protocol);

        try
        {
            return new NetlinkSocket(fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Has the kernel report changes of a group to this socket while <paramref name="act"/> runs; it waits for them with
    /// <see cref="WaitForNotification"/>. Reports never count as replies.
    /// </summary>
    internal void WithNotifications(int group, Action act)
    {
        SetOption(LibC.NETLINK_ADD_MEMBERSHIP, group);

        try
        {
            act();
        }
        finally
        {
            SetOption(LibC.NETLINK_DROP_MEMBERSHIP, group);
        }
    }

    /// <summary>Returns when something was reported or the time is over.</summary>
    internal void WaitForNotification(TimeSpan timeout)
    {
        SetReceiveTimeout(timeout);

        try
        {
            ReceiveDatagram("wait for a notification");
        }
        catch (LinuxException e) when (e.Errno == Errno.EAGAIN)
        {
            // The caller looks at its clock.
        }
        finally
        {
            SetReceiveTimeout(TimeSpan.Zero);
        }
    }

    /// <summary>Has the kernel carry a request out.</summary>
    /// <exception cref="LinuxException">It refused; the message holds its own words, if it gave any.</exception>
    internal void Execute(NetlinkMessageBuilder message, string operation)
    {
        uint sequence = ++_sequence;
        Send(message.Finish(sequence, _portId, NetlinkFlags.Ack), operation);
        Receive<object>(sequence, operation, parse: null, into: null);
    }

    /// <summary>Asks for one object; null when the parser leaves it out.</summary>
    internal T? Get<T>(NetlinkMessageBuilder message, NetlinkParser<T> parse, string operation)
        where T : class
    {
        uint sequence = ++_sequence;
        Send(message.Finish(sequence, _portId, NetlinkFlags.Ack), operation);
        List<T> replies = [];
        Receive(sequence, operation, parse, replies);
        return replies.Count == 0 ? null : replies[0];
    }

    /// <summary>Asks for all objects of a kind: a consistent list.</summary>
    internal List<T> Dump<T>(NetlinkMessageBuilder message, NetlinkParser<T> parse, string operation)
        where T : class
    {
        for (int attempt = 1; ; attempt++)
        {
            uint sequence = ++_sequence;
            Send(message.Finish(sequence, _portId), operation);
            List<T> replies = [];

            if (!Receive(sequence, operation, parse, replies) || attempt == MaxDumpAttempts)
            {
                return replies;
            }
        }
    }

    /// <summary>
    /// Sends a transaction as one datagram: nfnetlink carries out all of it or nothing. The first refusal is thrown.
    /// </summary>
    /// <param name="begin">The number of the message that begins the batch: refusals of the whole batch bear it.</param>
    /// <param name="last">The number of the last message before its end, the only one that asks for an answer.</param>
    internal void ExecuteBatch(ReadOnlySpan<byte> batch, uint begin, uint last, string operation)
    {
        Send(batch, operation);
        LinuxException? refusal = null;

        while (true)
        {
            ReadOnlySpan<byte> datagram = ReceiveDatagram(operation);

            while (NetlinkReply.TryRead(ref datagram, out NetlinkReply reply))
            {
                if (reply.PortId != _portId || reply.Type != NetlinkReply.Error
                    || reply.Sequence < begin || reply.Sequence > last)
                {
                    continue;
                }

                // Every refused message is answered, also when it did not ask.
                refusal ??= reply.TryGetError(operation);

                if (reply.Sequence == last || (reply.Sequence == begin && refusal is not null))
                {
                    if (refusal is not null)
                    {
                        throw refusal;
                    }

                    return;
                }
            }
        }
    }

    /// <summary>Reserves sequence numbers for requests that the caller numbers itself; returns the first.</summary>
    internal uint NextSequence(int count)
    {
        uint first = _sequence + 1;
        _sequence += (uint)count;
        return first;
    }

    internal uint PortId => _portId;

    public void Dispose() => _fd.Dispose();

    /// <param name="timeout">Zero for none.</param>
    private void SetReceiveTimeout(TimeSpan timeout)
    {
        LibC.timeval value = new()
        {
            tv_sec = (long)timeout.TotalSeconds,
            tv_usec = timeout.Microseconds + (1000L * timeout.Milliseconds),
        };

        if (LibC.setsockopt(_fd, LibC.SOL_SOCKET, LibC.SO_RCVTIMEO, in value, (uint)Marshal.SizeOf<LibC.timeval>()) < 0)
        {
            throw LinuxException.FromLastError("set the receive timeout of a netlink socket");
        }
    }

    private void SetOption(int option, int value = 1)
    {
        if (LibC.setsockopt(_fd, LibC.SOL_NETLINK, option, in value, sizeof(int)) < 0)
        {
            throw LinuxException.FromLastError($"set option {option} of a netlink socket");
        }
    }

    private unsafe void Send(ReadOnlySpan<byte> message, string operation)
    {
        fixed (byte* start = message)
        {
            nint sent;

            do
            {
                sent = LibC.send(_fd, start, (nuint)message.Length, 0);
            }
            while (sent < 0 && SafeFd.IsInterrupted());

            if (sent < 0)
            {
                throw LinuxException.FromLastError($"{operation} (send)");
            }
        }
    }

    /// <summary>Reads until the acknowledgement or the end of the dump; what belongs to older requests is skipped.</summary>
    /// <returns>Whether the kernel calls the dump inconsistent.</returns>
    private bool Receive<T>(uint sequence, string operation, NetlinkParser<T>? parse, List<T>? into)
        where T : class
    {
        bool wasInterrupted = false;

        while (true)
        {
            ReadOnlySpan<byte> datagram = ReceiveDatagram(operation);

            while (NetlinkReply.TryRead(ref datagram, out NetlinkReply reply))
            {
                if (reply.Sequence != sequence || reply.PortId != _portId)
                {
                    continue;
                }

                wasInterrupted |= reply.Flags.HasFlag(NetlinkReplyFlags.DumpInterrupted);

                switch (reply.Type)
                {
                    case NetlinkReply.Error:
                    case NetlinkReply.Done:
                        return reply.TryGetError(operation) is LinuxException refusal
                            ? throw refusal
                            : wasInterrupted;
                    // Other control messages, no-operation and overrun, carry nothing for us.
                    case < NetlinkReply.FirstOfFamily:
                        break;
                    default:
                        if (parse?.Invoke(reply.Type, reply.Payload) is T parsed)
                        {
                            into!.Add(parsed);
                        }

                        break;
                }
            }
        }
    }

    private unsafe ReadOnlySpan<byte> ReceiveDatagram(string operation)
    {
        fixed (byte* start = _receive)
        {
            nint length;

            do
            {
                length = LibC.recv(_fd, start, (nuint)_receive.Length, 0);
            }
            while (length < 0 && SafeFd.IsInterrupted());

            return length < 0
                ? throw LinuxException.FromLastError($"{operation} (receive)")
                : _receive.AsSpan(0, (int)length);
        }
    }
}
