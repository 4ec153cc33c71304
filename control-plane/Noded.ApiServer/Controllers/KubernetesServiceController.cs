using System.Threading.Channels;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.Strategies;
using Noded.ApiServer.WatchCaches;
using Noded.Store;

namespace Noded.ApiServer.Controllers;

/// <summary>
/// Makes the Service by which pods find this server, and its endpoints, anew when somebody has deleted them
/// (pkg/controlplane/controller/kubernetesservice).
/// </summary>
internal sealed class KubernetesServiceController(
    ObjectWatcher watcher, ResourceTable resources, Func<CancellationToken, Task> ensure, TimeProvider clock)
{
    private const string Namespace = "default";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // One is enough: whoever reads it looks at everything.
    private readonly Channel<bool> _deletions =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task[] sources =
        [
            FollowAsync(resources.Get("", "v1", "services"), cancellationToken),
            FollowAsync(resources.Get("", "v1", "endpoints"), cancellationToken),
            FollowAsync(resources.Get("discovery.k8s.io", "v1", "endpointslices"), cancellationToken),
        ];
        await foreach (bool _ in _deletions.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await ensure(cancellationToken);
            }
            catch (Exception e) when (e is ApiStatusException or StoreUnavailableException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
                _deletions.Writer.TryWrite(true);
            }
        }

        await Task.WhenAll(sources);
    }

    private async Task FollowAsync(Resource resource, CancellationToken cancellationToken)
    {
        WatchOptions options = new(new Selection(LabelSelector.Everything, FieldSelector.Parse("metadata.name=kubernetes")));
        while (true)
        {
            try
            {
                await foreach (WatchNotice<ObjectFacts> notice in watcher.WatchAsync(resource, Namespace, options, cancellationToken))
                {
                    if (notice.Type == NoticeType.Deleted)
                    {
                        _deletions.Writer.TryWrite(true);
                    }
                }
            }
            catch (Exception e) when (e is ApiStatusException or StoreUnavailableException)
            {
                await Task.Delay(Pause, clock, cancellationToken);
            }

            // Nobody has told what was deleted in between.
            _deletions.Writer.TryWrite(true);
        }
    }
}
