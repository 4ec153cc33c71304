namespace Noded.Kubelet.Probes;

/// <summary>Takes the chunks' contents out of a chunked body, in whatever pieces it comes.</summary>
internal sealed class ChunkedBody(int limit)
{
    private readonly List<byte> _content = [];
    private State _state = State.Size;
    private long _left;
    private int _sizeDigits;

    private enum State
    {
        Size,
        Extension,
        Content,
        EndOfContent,
        Trailer,
        Done,
    }

    /// <summary>The last chunk was read, or as much as is wanted. Trailers are of no interest.</summary>
    internal bool IsOver => _state is State.Trailer or State.Done || _content.Count >= limit;

    internal byte[] Content => [.. _content];

    /// <exception cref="FormatException">These are no chunks.</exception>
    internal void Add(ReadOnlySpan<byte> received)
    {
        while (!received.IsEmpty && !IsOver)
        {
            if (_state == State.Content)
            {
                int count = (int)Math.Min(_left, received.Length);
                _content.AddRange(received[..Math.Min(count, limit - _content.Count)]);
                _left -= count;
                received = received[count..];
                _state = _left == 0 ? State.EndOfContent : State.Content;
            }
            else
            {
                Step(received[0]);
                received = received[1..];
            }
        }
    }

    private void Step(byte value)
    {
        switch (_state)
        {
            case State.Size when char.IsAsciiHexDigit((char)value) && _sizeDigits < 15:
                _left = (_left * 16) + Convert.ToInt64(((char)value).ToString(), 16);
                _sizeDigits++;
                break;
            case State.Size or State.Extension when value == '\n' && _sizeDigits > 0:
                _state = _left == 0 ? State.Trailer : State.Content;
                _sizeDigits = 0;
                break;
            case State.Size when value is (byte)';' or (byte)'\r' or (byte)' ' or (byte)'\t' && _sizeDigits > 0:
                _state = State.Extension;
                break;
            case State.Extension when value != '\n':
                break;
            case State.EndOfContent when value == '\r':
                break;
            case State.EndOfContent when value == '\n':
                _state = State.Size;
                break;
            default:
                throw new FormatException("invalid byte in chunk length");
        }
    }
}
