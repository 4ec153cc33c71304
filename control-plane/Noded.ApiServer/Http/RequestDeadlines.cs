using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;

namespace Noded.ApiServer.Http;

/// <summary>Ends requests that take too long; watches have their own time (apiserver, endpoints/filters/request_deadline.go).</summary>
/// <param name="longest">What a request may take; it can ask for less.</param>
/// <param name="clock">Measures it.</param>
internal sealed class RequestDeadlines(TimeSpan longest, TimeProvider clock)
{
    /// <summary>Begins a request's time; null for a watch. From now on the request's token is cancelled when it is over.</summary>
    /// <exception cref="ApiStatusException">The request asks for a time that is none.</exception>
    public RequestDeadline? Begin(HttpContext context)
    {
        if (context.Request.Query.Flag("watch"))
        {
            return null;
        }

        TimeSpan time = longest;
        if (context.Request.Query["timeout"].ToString() is { Length: > 0 } text)
        {
            long nanoseconds = GoDuration.Parse(text);
            if (nanoseconds <= 0 && text is not ("0" or "0s"))
            {
                throw ApiStatusException.BadRequest($"invalid timeout specified in the request URL - time: invalid duration \"{text}\"");
            }

            TimeSpan asked = TimeSpan.FromMicroseconds(nanoseconds / 1000.0);
            time = asked > TimeSpan.Zero && asked < longest ? asked : longest;
        }

        return new RequestDeadline(context, time, clock);
    }

    public static ApiStatusException Exceeded() => new(
        504, "Timeout", "Timeout: request did not complete within requested timeout - context deadline exceeded", []);
}

/// <summary>The time of one request.</summary>
internal sealed class RequestDeadline : IDisposable
{
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _either;

    public RequestDeadline(HttpContext context, TimeSpan time, TimeProvider clock)
    {
        _time = new CancellationTokenSource(time, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _time.Token);
        context.RequestAborted = _either.Token;
    }

    public bool IsOver => _time.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _time.Dispose();
    }
}
