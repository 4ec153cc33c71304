using System.Collections.Immutable;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Noded.Testing;

/// <summary>The calls that went through a proxy, and the wait for the next.</summary>
internal sealed class GrpcCallLog(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly List<GrpcCall> _calls = [];
    private readonly Dictionary<string, int> _numbers = [];
    private TaskCompletionSource _arrived = NewSignal();

    public ImmutableArray<GrpcCall> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Gives the call its number; it is not in the log until it is added.</summary>
    public GrpcCall Number(HttpContext context)
    {
        string method = context.Request.Path.Value ?? "";
        ImmutableDictionary<string, string> headers = context.Request.Headers
            .ToImmutableDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString());
        IConnectionLifetimeFeature connection = context.Features.GetRequiredFeature<IConnectionLifetimeFeature>();
        int number;

        lock (_lock)
        {
            number = _numbers[method] = _numbers.GetValueOrDefault(method) + 1;
        }

        return new GrpcCall(method, number, headers, clock.GetUtcNow()) { AbortConnection = connection.Abort };
    }

    public void Add(GrpcCall call)
    {
        TaskCompletionSource arrived;

        lock (_lock)
        {
            _calls.Add(call);
            (arrived, _arrived) = (_arrived, NewSignal());
        }

        arrived.SetResult();
    }

    public async Task<GrpcCall> WaitForAsync(string method, int number, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task arrived;

            lock (_lock)
            {
                if (_calls.Find(call => call.Method == method && call.Number == number) is GrpcCall call)
                {
                    return call;
                }

                arrived = _arrived.Task;
            }

            await arrived.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
