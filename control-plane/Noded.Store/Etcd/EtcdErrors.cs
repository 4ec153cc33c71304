using System.Net.Sockets;
using Grpc.Core;

namespace Noded.Store.Etcd;

/// <summary>etcd's errors, which are told apart by their texts, as the store's exceptions.</summary>
internal static class EtcdErrors
{
    private const string Compacted = "required revision has been compacted";
    private const string Future = "required revision is a future revision";
    private const string NoLease = "requested lease not found";
    private const string TooLarge = "request is too large";
    private const string TooLargeForGrpc = "received message larger than max";
    private const string NoSpace = "database space exceeded";
    private const string TooMany = "too many requests";

    /// <summary>Whether an answer had more bytes than are taken.</summary>
    public static bool IsTooLargeAnswer(RpcException exception) =>
        exception.StatusCode == StatusCode.ResourceExhausted
        && exception.Status.Detail.Contains("exceeds the maximum", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is certain that no server has seen the request.</summary>
    public static bool WasNotSent(RpcException exception) => exception.Status.DebugException switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => true,
        HttpRequestException { InnerException: SocketException socket } => IsRefused(socket),
        _ => false,
    };

    /// <summary>Whether another member may answer where this one did not.</summary>
    public static bool IsOfTheMember(RpcException exception) => exception.StatusCode is
        StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.DeadlineExceeded;

    public static Exception ToException(RpcException exception, long asked) => exception switch
    {
        _ when Says(exception, Compacted) => new CompactedException(0),
        _ when Says(exception, Future) => new FutureRevisionException(asked),
        _ when Says(exception, NoLease) => new LeaseNotFoundException(asked),
        _ when Says(exception, TooLarge) || Says(exception, TooLargeForGrpc) =>
            new RequestTooLargeException(exception.Status.Detail),
        _ => new StoreUnavailableException(
            $"etcd: {exception.Status.Detail} ({exception.StatusCode})",
            WasNotSent(exception) || Says(exception, NoSpace) || Says(exception, TooMany)
                || exception.StatusCode is StatusCode.PermissionDenied or StatusCode.Unauthenticated
                    or StatusCode.InvalidArgument or StatusCode.Unimplemented,
            exception),
    };

    private static bool IsRefused(SocketException exception) => exception.SocketErrorCode is
        SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable;

    private static bool Says(RpcException exception, string text) =>
        exception.Status.Detail.Contains(text, StringComparison.Ordinal);
}
