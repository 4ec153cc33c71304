using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Grpc.Core;

namespace Noded.Testing;

/// <summary>How a call through the proxy ended, as the client saw it.</summary>
public enum GrpcCallEnd
{
    /// <summary>With the upstream's status.</summary>
    Answered,

    /// <summary>With a status that a rule made up, or the proxy when it could not reach the upstream.</summary>
    Injected,

    /// <summary>The client cancelled, ran into its deadline or disconnected.</summary>
    ClientGone,

    /// <summary>The upstream reset the stream or disconnected in the middle of its answer.</summary>
    UpstreamGone,

    /// <summary>The proxy aborted the client's connection.</summary>
    Cut,
}

/// <summary>The end of a call.</summary>
/// <param name="Status">The status the client was given; null when it was given none.</param>
public sealed record GrpcOutcome(GrpcCallEnd End, StatusCode? Status, DateTimeOffset Time);

/// <summary>An entry of the proxy's log, added when a call arrives and completed when it ends.</summary>
public sealed class GrpcCall
{
    private const int FrameHeaderLength = 5;

    private readonly List<byte> _request = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<GrpcOutcome> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal GrpcCall(string method, int number, ImmutableDictionary<string, string> headers, DateTimeOffset started)
    {
        Method = method;
        Number = number;
        Headers = headers;
        Started = started;
    }

    /// <summary><c>/package.Service/Method</c>.</summary>
    public string Method { get; }

    /// <summary>The position among the calls of this method, from 1.</summary>
    public int Number { get; }

    /// <summary>The request's metadata, by lower-case name.</summary>
    public ImmutableDictionary<string, string> Headers { get; }

    public DateTimeOffset Started { get; }

    public Task<GrpcOutcome> Outcome => _outcome.Task;

    /// <summary>The request messages that went to the upstream so far, without their frame headers.</summary>
    public ImmutableArray<byte[]> RequestMessages
    {
        get
        {
            lock (_lock)
            {
                return Split(CollectionsMarshal.AsSpan(_request));
            }
        }
    }

    internal bool IsCut { get; private set; }

    /// <summary>Aborts the client's connection; set while the call is being served.</summary>
    internal Action AbortConnection { private get; init; } = () => { };

    public override string ToString() => $"{Method} #{Number}";

    internal void Cut()
    {
        IsCut = true;
        AbortConnection();
    }

    internal void Record(ReadOnlySpan<byte> requestBytes)
    {
        lock (_lock)
        {
            _request.AddRange(requestBytes);
        }
    }

    internal void Complete(GrpcOutcome outcome) => _outcome.TrySetResult(outcome);

    // A message on the wire: compressed flag (1 byte), length (4 bytes, big endian), bytes.
    private static ImmutableArray<byte[]> Split(ReadOnlySpan<byte> frames)
    {
        ImmutableArray<byte[]>.Builder messages = ImmutableArray.CreateBuilder<byte[]>();

        while (frames.Length >= FrameHeaderLength)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(frames[1..]);

            if (frames.Length < FrameHeaderLength + length)
            {
                break; // The rest is on its way.
            }

            messages.Add(frames.Slice(FrameHeaderLength, length).ToArray());
            frames = frames[(FrameHeaderLength + length)..];
        }

        return messages.ToImmutable();
    }
}
