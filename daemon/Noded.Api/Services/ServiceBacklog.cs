using System.Collections.Immutable;
using System.Threading.Channels;
using Noded.Primitives;

namespace Noded.Api.Services;

/// <summary>
/// What one follower of a source has not taken yet: the latest snapshot and, of what came after it, the newest of each
/// object. So it is never larger than the source. Not thread-safe but for the wait.
/// </summary>
internal sealed class ServiceBacklog
{
    // One signal stands for all that is there.
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<NamespacedName, ServiceSourceChange> _services = [];
    private readonly Dictionary<NamespacedName, ServiceSourceChange> _slices = [];
    private ServiceSourceChange.Snapshot? _snapshot;

    public void Add(ServiceSourceChange change)
    {
        switch (change)
        {
            case ServiceSourceChange.Snapshot snapshot:
                _snapshot = snapshot;
                _services.Clear();
                _slices.Clear();
                break;
            case ServiceSourceChange.Service service:
                _services[service.Name] = change;
                break;
            case ServiceSourceChange.Slice slice:
                _slices[slice.Name] = change;
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"Unhandled {change.GetType().Name}.");
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Returns once there may be something to take.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <summary>All that is there, in an order that may be applied as it stands.</summary>
    public ImmutableArray<ServiceSourceChange> Take()
    {
        ImmutableArray<ServiceSourceChange>.Builder taken = ImmutableArray.CreateBuilder<ServiceSourceChange>();
        if (_snapshot is not null)
        {
            taken.Add(_snapshot);
        }

        taken.AddRange(_services.Values);
        taken.AddRange(_slices.Values);
        _snapshot = null;
        _services.Clear();
        _slices.Clear();
        return taken.ToImmutable();
    }
}
