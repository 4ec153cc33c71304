using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Noded.Kubelet.Streams;

/// <summary>A frame of data that has come on a stream.</summary>
/// <param name="IsLast">The other side sends nothing more on it.</param>
internal readonly record struct SpdyFrame(int Stream, ReadOnlyMemory<byte> Bytes, bool IsLast);

/// <summary>
/// The client's side of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00 is version 3), as much as runtimes' streaming servers speak
/// of it: streams that we open, data both ways, ends of input. They know no windows, so nothing waits for one.
/// </summary>
/// <param name="transport">What the server has upgraded; taken over.</param>
internal sealed class SpdyConnection(Stream transport) : IAsyncDisposable
{
    private const int HeadLength = 8;
    private const ushort Version = 0x8003; // the bit that says control frame, and 3
    private const byte Last = 1;
    private const int MaxBlock = 1024;

    private readonly MemoryStream _compressed = new();
    private readonly SemaphoreSlim _sending = new(1);
    private ZLibStream? _compressor;
    private int _lastStream = -1;

    private enum Control : ushort
    {
        OpenStream = 1,
        ResetStream = 3,
        Ping = 6,
        GoAway = 7,
    }

    /// <summary>Opens a stream with one header, whose name has small letters only.</summary>
    /// <returns>Its number.</returns>
    public async Task<int> OpenAsync(string header, string value, CancellationToken cancellationToken)
    {
        // Ours are odd.
        int stream = _lastStream += 2;
        byte[] block = Compress(header, value);
        byte[] content = new byte[10 + block.Length];
        BinaryPrimitives.WriteInt32BigEndian(content, stream);
        block.CopyTo(content, 10);
        await SendAsync(((uint)Version << 16) | (uint)Control.OpenStream, 0, content, cancellationToken);
        return stream;
    }

    /// <param name="isLast">Nothing more is sent on this stream.</param>
    public Task SendAsync(int stream, ReadOnlyMemory<byte> bytes, bool isLast, CancellationToken cancellationToken) =>
        SendAsync((uint)stream, isLast ? Last : (byte)0, bytes, cancellationToken);

    /// <summary>The next data of any stream; null when the server has ended the connection.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task<SpdyFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] head = new byte[HeadLength];
        while (await transport.ReadAtLeastAsync(head, HeadLength, throwOnEndOfStream: false, cancellationToken) == HeadLength)
        {
            uint first = BinaryPrimitives.ReadUInt32BigEndian(head);
            uint second = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4));
            byte flags = (byte)(second >> 24);
            // At most 16 MiB, as its length has 24 bits.
            byte[] content = new byte[second & 0xff_ffff];
            await transport.ReadExactlyAsync(content, cancellationToken);
            if (first >> 31 == 0)
            {
                return new SpdyFrame((int)first, content, (flags & Last) != 0);
            }

            switch ((Control)(ushort)first)
            {
                case Control.Ping:
                    await SendAsync(first, flags, content, cancellationToken);
                    break;
                case Control.GoAway:
                    return null;
                case Control.ResetStream when content.Length >= 8:
                    // How servers end the streams of a connection that is over.
                    return new SpdyFrame(BinaryPrimitives.ReadInt32BigEndian(content), default, IsLast: true);
                default:
                    // Replies and settings say nothing that we did not know.
                    break;
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        if (_compressor is not null)
        {
            await _compressor.DisposeAsync();
        }

        await _compressed.DisposeAsync();
        _sending.Dispose();
    }

    /// <summary>A block of name and value. All blocks of a connection are one zlib stream, without the optional dictionary.</summary>
    private byte[] Compress(string header, string value)
    {
        byte[] block = new byte[MaxBlock];
        BinaryPrimitives.WriteInt32BigEndian(block, 1);
        int length = Append(block, Append(block, sizeof(int), header), value);
        _compressor ??= new ZLibStream(_compressed, CompressionLevel.Fastest, leaveOpen: true);
        _compressor.Write(block.AsSpan(0, length));
        _compressor.Flush();
        byte[] compressed = _compressed.ToArray();
        _compressed.SetLength(0);
        return compressed;
    }

    private static int Append(byte[] block, int at, string text)
    {
        int length = Encoding.ASCII.GetBytes(text, block.AsSpan(at + sizeof(int)));
        BinaryPrimitives.WriteInt32BigEndian(block.AsSpan(at), length);
        return at + sizeof(int) + length;
    }

    private async Task SendAsync(uint first, byte flags, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        byte[] frame = new byte[HeadLength + content.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, first);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), ((uint)flags << 24) | (uint)content.Length);
        content.CopyTo(frame.AsMemory(HeadLength));
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await transport.WriteAsync(frame, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }
}
