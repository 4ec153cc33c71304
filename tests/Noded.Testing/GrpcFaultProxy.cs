using System.Collections.Immutable;
using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Noded.Testing;

/// <summary>
/// Stands between a gRPC client and a server, both on unix sockets, and makes calls fail as they do in production:
/// late, never, after having succeeded, in the middle of a stream. It knows no service: messages, metadata, status and
/// cancellation pass through as they are. Rules may change while calls run.
/// </summary>
public sealed class GrpcFaultProxy : IAsyncDisposable
{
    private readonly TimeProvider _clock;
    private readonly GrpcUpstream _upstream;
    private readonly WebApplication _server;
    private readonly GrpcCallLog _log;

    // Newest first.
    private ImmutableList<GrpcFaultRule> _rules = [];

    private GrpcFaultProxy(string listenPath, string upstreamPath, TimeProvider clock)
    {
        _clock = clock;
        _log = new GrpcCallLog(clock);
        _upstream = new GrpcUpstream(upstreamPath);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Configure(options, listenPath));
        _server = builder.Build();
        _server.Run(HandleAsync);
    }

    /// <summary>Every call that arrived, oldest first.</summary>
    public ImmutableArray<GrpcCall> Calls => _log.Calls;

    /// <summary>Listens; the upstream need not exist before the first call.</summary>
    public static async Task<GrpcFaultProxy> StartAsync(
        string listenPath,
        string upstreamPath,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        GrpcFaultProxy proxy = new(listenPath, upstreamPath, clock);
        await proxy._server.StartAsync(cancellationToken);
        return proxy;
    }

    /// <summary>
    /// Adds a rule for calls that arrive from now on. Of several that match, the latest added applies.
    /// </summary>
    /// <param name="pattern">A method, <c>/runtime.v1.RuntimeService/Version</c>, or a prefix with <c>*</c>.</param>
    /// <param name="when">Narrows the rule down, for example to <c>call => call.Number == 2</c>.</param>
    public GrpcFaultRule Add(string pattern, GrpcFault fault, Func<GrpcCall, bool>? when = null)
    {
        GrpcFaultRule rule = new(pattern, fault, when ?? (_ => true));
        ImmutableInterlocked.Update(ref _rules, (rules, added) => rules.Insert(0, added), rule);
        return rule;
    }

    /// <summary>Later calls are spared. What the rule holds stays held until it is released.</summary>
    public void Remove(GrpcFaultRule rule) =>
        ImmutableInterlocked.Update(ref _rules, (rules, removed) => rules.Remove(removed), rule);

    /// <summary>Aborts, now, the client connections that carry unfinished calls of matching methods.</summary>
    public void CutCalls(string pattern)
    {
        foreach (GrpcCall call in Calls)
        {
            if (!call.Outcome.IsCompleted && GrpcFaultRule.MatchesMethod(pattern, call.Method))
            {
                call.Cut();
            }
        }
    }

    /// <summary>Returns the call once it has arrived, at once when it has already.</summary>
    public Task<GrpcCall> WaitForCallAsync(string method, CancellationToken cancellationToken, int number = 1) =>
        _log.WaitForAsync(method, number, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // Hung calls would keep a graceful stop waiting; nobody is left to wait for them.
        CutCalls("*");
        await _server.DisposeAsync();
        _upstream.Dispose();
    }

    private static void Configure(KestrelServerOptions options, string listenPath)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
        options.Limits.Http2.MaxStreamsPerConnection = 10_000;
        options.ListenUnixSocket(listenPath, listen => listen.Protocols = HttpProtocols.Http2);
    }

    private async Task HandleAsync(HttpContext context)
    {
        GrpcCall call = _log.Number(context);

        // Before the log tells: a test that has seen the call may change the rules.
        GrpcFaultRule? rule = _rules.Find(candidate => candidate.Matches(call));
        _log.Add(call);
        GrpcExchange exchange = new(context, call, _upstream, _clock);

        try
        {
            call.Complete(await ServeAsync(exchange, rule, context.RequestAborted));
        }
        catch (Exception) when (call.IsCut || context.RequestAborted.IsCancellationRequested)
        {
            call.Complete(exchange.Ended(call.IsCut ? GrpcCallEnd.Cut : GrpcCallEnd.ClientGone, null));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            call.Complete(context.Response.HasStarted || e.InnerException is HttpProtocolException
                ? exchange.Break(e)
                : await exchange.AnswerAsync(StatusCode.Unavailable, $"upstream: {e.Message}"));
        }
        finally
        {
            call.Complete(exchange.Ended(GrpcCallEnd.UpstreamGone, null));
        }
    }

    private async Task<GrpcOutcome> ServeAsync(
        GrpcExchange exchange,
        GrpcFaultRule? rule,
        CancellationToken cancellationToken)
    {
        switch (rule?.Fault)
        {
            case null:
                return await exchange.ForwardAsync();
            case GrpcFault.Delay { Duration: TimeSpan duration }:
                await Task.Delay(duration, _clock, cancellationToken);
                return await exchange.ForwardAsync();
            case GrpcFault.Hold:
                await rule.Released.WaitAsync(cancellationToken);
                return await exchange.ForwardAsync();
            case GrpcFault.Fail fail:
                return await exchange.AnswerAsync(fail.Status, fail.Detail);
            case GrpcFault.FailAfterSuccess fail:
                return await exchange.ForwardThenAnswerAsync(fail.Status, fail.Detail);
            case GrpcFault.Hang:
                await rule.Released.WaitAsync(cancellationToken);
                return await exchange.AnswerAsync(StatusCode.Unavailable, "released");
            case GrpcFault.Cut cut:
                return await exchange.ForwardUntilCutAsync(cut.AfterMessages);
            default:
                throw new UnreachableException($"Unhandled {rule.Fault.GetType().Name}.");
        }
    }
}
