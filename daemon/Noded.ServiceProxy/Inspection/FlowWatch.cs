using System.Net;
using System.Threading.Channels;
using Noded.Bpf;
using Noded.Linux.Events;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Inspection;

/// <summary>
/// Hands what the programs tell to everybody who listens. While nobody does, the programs tell nothing and nothing is
/// read; a listener that is too slow misses some.
/// </summary>
internal sealed class FlowWatch(ServiceMaps maps, FdReactor reactor, TimeProvider clock) : IAsyncDisposable
{
    private const int Backlog = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<Channel<FlowEvent>, uint> _listeners = [];
    private CancellationTokenSource? _stop;
    private Task _reading = Task.CompletedTask;

    /// <param name="sample">One of so many translated connections is told, at least 1; all others always.</param>
    public async IAsyncEnumerable<FlowEvent> WatchAsync(
        uint sample, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<FlowEvent> news = Channel.CreateBounded<FlowEvent>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropWrite });
        Add(news, sample);
        try
        {
            await foreach (FlowEvent flow in news.Reader.ReadAllAsync(cancellationToken))
            {
                yield return flow;
            }
        }
        finally
        {
            Remove(news);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            foreach (Channel<FlowEvent> listener in _listeners.Keys)
            {
                listener.Writer.TryComplete();
            }

            _listeners.Clear();
            Listen();
        }

        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Add(Channel<FlowEvent> listener, uint sample)
    {
        lock (_lock)
        {
            _listeners.Add(listener, sample);
            Listen();
        }
    }

    private void Remove(Channel<FlowEvent> listener)
    {
        lock (_lock)
        {
            if (_listeners.Remove(listener))
            {
                Listen();
            }
        }
    }

    /// <summary>Begins to read with the first listener and ends with the last.</summary>
    private void Listen()
    {
        maps.Observers[0] = _listeners.Count == 0 ? 0 : _listeners.Values.Min();
        if (_listeners.Count > 0 && _stop is null)
        {
            CancellationTokenSource stop = _stop = new CancellationTokenSource();
            Task before = _reading;
            _reading = Task.Run(() => ReadAsync(before, stop.Token), CancellationToken.None);
        }
        else if (_listeners.Count == 0 && _stop is not null)
        {
            _stop.Cancel();
            _stop.Dispose();
            _stop = null;
        }
    }

    private async Task ReadAsync(Task before, CancellationToken cancellationToken)
    {
        // The ring has one reader: the last one must have let go.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            using RingBuffer<EventEntry> events = maps.OpenEvents();
            events.Take(); // of former listeners
            while (true)
            {
                await events.WaitAsync(reactor, cancellationToken);
                Tell(events.Take());
            }
        }
        catch (IOException e)
        {
            lock (_lock)
            {
                foreach (Channel<FlowEvent> listener in _listeners.Keys)
                {
                    listener.Writer.TryComplete(e);
                }
            }
        }
    }

    private void Tell(IReadOnlyList<EventEntry> entries)
    {
        DateTimeOffset boot = clock.GetUtcNow() - TimeSpan.FromMilliseconds(Environment.TickCount64);
        lock (_lock)
        {
            foreach (EventEntry entry in entries)
            {
                FlowEvent flow = ToFlow(entry, boot);
                foreach (Channel<FlowEvent> listener in _listeners.Keys)
                {
                    listener.Writer.TryWrite(flow);
                }
            }
        }
    }

    private static FlowEvent ToFlow(EventEntry entry, DateTimeOffset boot) => new(
        boot + entry.Time,
        (FlowVerdict)entry.Reason,
        (FlowHook)entry.Hook,
        (ServiceProtocol)entry.Protocol,
        IsNone(entry.Client.Address) ? null : entry.Client,
        entry.Target,
        IsNone(entry.Backend.Address) ? null : entry.Backend);

    private static bool IsNone(IPAddress address) => address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Any);
}
