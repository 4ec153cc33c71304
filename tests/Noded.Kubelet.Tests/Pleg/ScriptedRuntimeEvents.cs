using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Noded.Kubelet.Pleg;

namespace Noded.Kubelet.Tests.Pleg;

/// <summary>An event stream that says what the test writes into it, and breaks when the test completes it.</summary>
internal sealed class ScriptedRuntimeEvents : IRuntimeEvents
{
    private readonly Channel<ChannelWriter<RuntimeEvent>> _subscriptions =
        Channel.CreateUnbounded<ChannelWriter<RuntimeEvent>>();

    /// <summary>Subscriptions fail with this when set.</summary>
    public Func<Exception>? Refusal { get; set; }

    public async IAsyncEnumerable<RuntimeEvent> SubscribeAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Refusal is { } refuse)
        {
            throw refuse();
        }

        Channel<RuntimeEvent> events = Channel.CreateUnbounded<RuntimeEvent>();
        _subscriptions.Writer.TryWrite(events.Writer);
        await foreach (RuntimeEvent runtimeEvent in events.Reader.ReadAllAsync(cancellationToken))
        {
            yield return runtimeEvent;
        }
    }

    public ValueTask<ChannelWriter<RuntimeEvent>> NextSubscriptionAsync(CancellationToken cancellationToken) =>
        _subscriptions.Reader.ReadAsync(cancellationToken);
}
