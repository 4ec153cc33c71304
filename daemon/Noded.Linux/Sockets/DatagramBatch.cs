using System.Runtime.InteropServices;
using Noded.Linux.Interop;

namespace Noded.Linux.Sockets;

/// <summary>
/// Datagrams that are received and answered together: under load, one system call each way serves as many of them as have
/// come meanwhile. Nothing is allocated after the start. For one thread.
/// </summary>
public sealed unsafe class DatagramBatch : IDisposable
{
    /// <summary>struct sockaddr_in6, the longer one.</summary>
    private const int AddressLength = 28;

    private readonly int _capacity;
    private readonly int _queryLength;
    private readonly int _answerLength;
    private readonly int[] _answerLengths;

    // All in one block: headers, vectors, addresses, buffers; for both directions.
    private readonly byte* _block;
    private readonly LibC.mmsghdr* _received;
    private readonly LibC.mmsghdr* _answers;
    private readonly LibC.iovec* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _queries;
    private readonly byte* _answerBuffers;
    private bool _isDisposed;

    /// <param name="capacity">How many datagrams at a time.</param>
    /// <param name="queryLength">The longest that is received whole.</param>
    /// <param name="answerLength">The longest answer.</param>
    public DatagramBatch(int capacity, int queryLength, int answerLength)
    {
        _capacity = capacity;
        _queryLength = queryLength;
        _answerLength = answerLength;
        _answerLengths = new int[capacity];
        int headers = 2 * capacity * sizeof(LibC.mmsghdr);
        int vectors = 2 * capacity * sizeof(LibC.iovec);
        _block = (byte*)NativeMemory.AllocZeroed(
            (nuint)(headers + vectors + (capacity * (AddressLength + queryLength + answerLength))));
        _received = (LibC.mmsghdr*)_block;
        _answers = _received + capacity;
        _vectors = (LibC.iovec*)(_block + headers);
        _addresses = _block + headers + vectors;
        _queries = _addresses + (capacity * AddressLength);
        _answerBuffers = _queries + (capacity * queryLength);
        for (int i = 0; i < capacity; i++)
        {
            _vectors[i] = new LibC.iovec { iov_base = _queries + (i * queryLength), iov_len = (nuint)queryLength };
            _received[i].msg_iov = _vectors + i;
            _received[i].msg_iovlen = 1;
            _received[i].msg_name = _addresses + (i * AddressLength);
        }
    }

    /// <summary>Waits for a datagram and takes those that are there already along.</summary>
    /// <param name="socket">Blocking.</param>
    /// <returns>How many; 0 when the wait was broken off.</returns>
    /// <exception cref="LinuxException">The socket is broken or closed.</exception>
    public int Receive(SafeHandle socket)
    {
        for (int i = 0; i < _capacity; i++)
        {
            _received[i].msg_namelen = AddressLength;
            _answerLengths[i] = 0;
        }

        int count = LibC.recvmmsg(socket, _received, (uint)_capacity, LibC.MSG_WAITFORONE, null);
        return count >= 0 ? count
            : SafeFd.IsInterrupted() ? 0
            : throw LinuxException.FromLastError("recvmmsg");
    }

    /// <summary>A datagram of the last <see cref="Receive"/>.</summary>
    public ReadOnlySpan<byte> Query(int index) => new(_queries + (index * _queryLength), (int)_received[index].msg_len);

    /// <summary>Its sender, a struct sockaddr.</summary>
    public ReadOnlySpan<byte> Sender(int index) =>
        new(_addresses + (index * AddressLength), (int)_received[index].msg_namelen);

    /// <summary>Where its answer is written, before <see cref="SetAnswer"/>.</summary>
    public Span<byte> Answer(int index) => new(_answerBuffers + (index * _answerLength), _answerLength);

    public void SetAnswer(int index, int length) => _answerLengths[index] = length;

    /// <summary>Sends all answers to their senders. One that cannot be sent is lost, as a datagram may be.</summary>
    /// <returns>How many were sent.</returns>
    public int Send(SafeHandle socket)
    {
        int waiting = 0;
        for (int i = 0; i < _capacity; i++)
        {
            if (_answerLengths[i] > 0)
            {
                LibC.iovec* vector = _vectors + _capacity + waiting;
                *vector = new LibC.iovec { iov_base = _answerBuffers + (i * _answerLength), iov_len = (nuint)_answerLengths[i] };
                _answers[waiting++] = new LibC.mmsghdr
                {
                    msg_name = _received[i].msg_name,
                    msg_namelen = _received[i].msg_namelen,
                    msg_iov = vector,
                    msg_iovlen = 1,
                };
            }
        }

        int sent = 0;
        for (int done = 0; done < waiting;)
        {
            int count = LibC.sendmmsg(socket, _answers + done, (uint)(waiting - done), LibC.MSG_NOSIGNAL);

            // It says no more than that the first of the rest could not be sent.
            done += Math.Max(count, 1);
            sent += Math.Max(count, 0);
        }

        return sent;
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            NativeMemory.Free(_block);
        }
    }
}
