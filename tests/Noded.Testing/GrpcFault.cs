using Grpc.Core;

namespace Noded.Testing;

/// <summary>What can go wrong with a call through a <see cref="GrpcFaultProxy"/>.</summary>
public abstract record GrpcFault
{
    private GrpcFault()
    {
    }

    /// <summary>The call is forwarded after a time on the proxy's clock.</summary>
    public sealed record Delay(TimeSpan Duration) : GrpcFault;

    /// <summary>The call is forwarded when the rule is released.</summary>
    public sealed record Hold : GrpcFault;

    /// <summary>The call fails without reaching the upstream.</summary>
    public sealed record Fail(StatusCode Status, string Detail = "injected") : GrpcFault;

    /// <summary>
    /// The upstream performs the call, its answer is thrown away and the client sees this status instead, as after a
    /// timeout on the way back. A failure of the upstream's own is passed on.
    /// </summary>
    public sealed record FailAfterSuccess(StatusCode Status, string Detail = "injected") : GrpcFault;

    /// <summary>
    /// The call never reaches the upstream and is not answered until the client gives up, or until the rule is
    /// released: then it fails with <see cref="StatusCode.Unavailable"/>.
    /// </summary>
    public sealed record Hang : GrpcFault;

    /// <summary>
    /// The client's connection is aborted, with every call on it, once the upstream has begun to answer and so many
    /// response messages were passed on. The client may not get to read the last of them, as when a process dies;
    /// where that matters, read them and then use <see cref="GrpcFaultProxy.CutCalls"/>.
    /// </summary>
    public sealed record Cut(int AfterMessages = 0) : GrpcFault;
}
