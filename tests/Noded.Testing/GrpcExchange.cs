using System.Globalization;
using System.Net.Http.Headers;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Noded.Testing;

/// <summary>One call while it passes through the proxy: how it can be answered.</summary>
internal sealed class GrpcExchange(HttpContext context, GrpcCall call, GrpcUpstream upstream, TimeProvider clock)
{
    private readonly CancellationToken _aborted = context.RequestAborted;

    /// <summary>Answers without asking the upstream.</summary>
    public async Task<GrpcOutcome> AnswerAsync(StatusCode status, string detail)
    {
        HttpResponse response = context.Response;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)status).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(detail);
        await response.CompleteAsync();
        return Ended(GrpcCallEnd.Injected, status);
    }

    /// <summary>Passes the call on and the answer back.</summary>
    public async Task<GrpcOutcome> ForwardAsync()
    {
        using HttpResponseMessage answer = await upstream.SendAsync(context.Request, call, _aborted);
        await BeginAsync(answer);
        await CopyBodyAsync(answer, new GrpcMessageLimit(int.MaxValue));
        return Finish(answer);
    }

    /// <summary>Passes the call on and so many messages of the answer back, then aborts the connection.</summary>
    public async Task<GrpcOutcome> ForwardUntilCutAsync(int messages)
    {
        using HttpResponseMessage answer = await upstream.SendAsync(context.Request, call, _aborted);
        await BeginAsync(answer);
        await CopyBodyAsync(answer, new GrpcMessageLimit(messages));
        call.Cut();
        return Ended(GrpcCallEnd.Cut, null);
    }

    /// <summary>Passes the call on; when it succeeds, answers with another status.</summary>
    public async Task<GrpcOutcome> ForwardThenAnswerAsync(StatusCode status, string detail)
    {
        using HttpResponseMessage answer = await upstream.SendAsync(context.Request, call, _aborted);
        await answer.Content.CopyToAsync(Stream.Null, _aborted);

        if (StatusOf(answer) == StatusCode.OK)
        {
            return await AnswerAsync(status, detail);
        }

        // The headers of an answer that failed may say OK's part only; trailers alone are a complete failure.
        CopyHeaders(answer.Headers.NonValidated);
        CopyHeaders(answer.TrailingHeaders.NonValidated);
        context.Response.ContentType = "application/grpc";
        return Ended(GrpcCallEnd.Answered, StatusOf(answer));
    }

    /// <summary>Resets the client's stream, as the upstream did with ours.</summary>
    public GrpcOutcome Break(Exception exception)
    {
        const int InternalError = 2;
        HttpProtocolException? reset =
            exception as HttpProtocolException ?? exception.InnerException as HttpProtocolException;
        long code = reset?.ErrorCode ?? InternalError;
        context.Features.GetRequiredFeature<IHttpResetFeature>().Reset((int)code);
        return Ended(GrpcCallEnd.UpstreamGone, null);
    }

    public GrpcOutcome Ended(GrpcCallEnd end, StatusCode? status) => new(end, status, clock.GetUtcNow());

    private async Task BeginAsync(HttpResponseMessage answer)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        CopyHeaders(answer.Headers.NonValidated);
        CopyHeaders(answer.Content.Headers.NonValidated);

        // With the status already in the headers the stream must end with them; clients take nothing else.
        if (!IsTrailersOnly(answer))
        {
            await context.Response.StartAsync(_aborted);
            await context.Response.Body.FlushAsync(_aborted);
        }
    }

    private async Task CopyBodyAsync(HttpResponseMessage answer, GrpcMessageLimit limit)
    {
        await using Stream body = await answer.Content.ReadAsStreamAsync(_aborted);
        byte[] buffer = new byte[64 * 1024];

        while (!limit.IsReached && await body.ReadAsync(buffer, _aborted) is int read and > 0)
        {
            int wanted = limit.Take(buffer.AsSpan(0, read));
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, wanted), _aborted);
            await context.Response.Body.FlushAsync(_aborted);
        }
    }

    private GrpcOutcome Finish(HttpResponseMessage answer)
    {
        foreach ((string name, HeaderStringValues values) in answer.TrailingHeaders.NonValidated)
        {
            context.Response.AppendTrailer(name, values.ToArray());
        }

        return Ended(GrpcCallEnd.Answered, StatusOf(answer));
    }

    private void CopyHeaders(HttpHeadersNonValidated headers)
    {
        foreach ((string name, HeaderStringValues values) in headers)
        {
            context.Response.Headers[name] = values.ToArray();
        }
    }

    private static bool IsTrailersOnly(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.Contains("grpc-status");

    private static StatusCode StatusOf(HttpResponseMessage answer)
    {
        HttpHeadersNonValidated place = (IsTrailersOnly(answer) ? answer.Headers : answer.TrailingHeaders).NonValidated;
        return place.TryGetValues("grpc-status", out HeaderStringValues values)
            && int.TryParse(values.ToString(), CultureInfo.InvariantCulture, out int status)
            ? (StatusCode)status
            : StatusCode.Unknown;
    }
}
