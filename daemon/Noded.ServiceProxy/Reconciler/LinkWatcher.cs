using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Reflectors;

namespace Noded.ServiceProxy.Reconciler;

/// <summary>Brings links and addresses of the machine, as they come and go, and those of its pods to the data path.</summary>
/// <param name="attachments">Null when nothing is attached to links: then the addresses alone count.</param>
internal sealed class LinkWatcher(
    NodeClient node, LinkAttachments? attachments, IPodNetworks pods, ImmutableArray<IPPrefix> podCidrs)
{
    // Whatever is news makes one look at everything: one waiting reason is enough.
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private ImmutableHashSet<IPAddress>? _addresses;
    private PodsSeen? _latest;

    /// <summary>Takes the machine's links as they are now.</summary>
    /// <exception cref="IOException">The kernel does not list its addresses, or a map is full.</exception>
    public void UpdateLinks()
    {
        using RtNetlink netlink = RtNetlink.Open();
        IReadOnlyList<LinkAddress> addresses = netlink.GetAddresses();
        ImmutableHashSet<IPAddress> local = Uplinks.LocalAddresses(addresses);
        if (_addresses is null || !_addresses.SetEquals(local))
        {
            node.Write(local);
            _addresses = local;
        }

        attachments?.SetUplinks(Uplinks.Compute(addresses, podCidrs));
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        NetworkChange.NetworkAddressChanged += OnChanged;
        try
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task pump = PumpPodsAsync(stop.Token);
            try
            {
                // What changed before the subscription is seen now.
                do
                {
                    UpdateLinks();
                    if (Interlocked.Exchange(ref _latest, null) is { } seen)
                    {
                        attachments?.SetPods(seen.Pods);
                    }
                }
                while (await _news.Reader.WaitToReadAsync(cancellationToken) && _news.Reader.TryRead(out _));
            }
            finally
            {
                await stop.CancelAsync();
                await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            NetworkChange.NetworkAddressChanged -= OnChanged;
        }
    }

    private async Task PumpPodsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (ImmutableArray<PodNetwork> now in pods.WatchAsync(cancellationToken))
            {
                Interlocked.Exchange(ref _latest, new PodsSeen(now));
                _news.Writer.TryWrite(true);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Ends the component, whose supervisor starts it again; the data path serves meanwhile.
            _news.Writer.TryComplete(e);
        }
    }

    private void OnChanged(object? sender, EventArgs e) => _news.Writer.TryWrite(true);

    private sealed record PodsSeen(ImmutableArray<PodNetwork> Pods);
}
