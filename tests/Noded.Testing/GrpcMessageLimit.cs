using System.Buffers.Binary;

namespace Noded.Testing;

/// <summary>Follows message boundaries in a response and says where the last wanted message ends.</summary>
internal sealed class GrpcMessageLimit(int messages)
{
    private const int HeaderLength = 5;

    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerRead;
    private int _bodyLeft;
    private int _messagesLeft = messages;

    public bool IsReached => _messagesLeft <= 0;

    /// <summary>How many of the next bytes belong to wanted messages.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;

        while (taken < bytes.Length && !IsReached)
        {
            taken += _headerRead < HeaderLength ? TakeHeader(bytes[taken..]) : TakeBody(bytes[taken..]);

            if (_headerRead == HeaderLength && _bodyLeft == 0)
            {
                _messagesLeft--;
                _headerRead = 0;
            }
        }

        return taken;
    }

    private int TakeHeader(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(HeaderLength - _headerRead, bytes.Length);
        bytes[..length].CopyTo(_header.AsSpan(_headerRead));
        _headerRead += length;

        if (_headerRead == HeaderLength)
        {
            _bodyLeft = BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(1));
        }

        return length;
    }

    private int TakeBody(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(_bodyLeft, bytes.Length);
        _bodyLeft -= length;
        return length;
    }
}
