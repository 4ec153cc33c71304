using System.Globalization;
using Grpc.Core;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Protocols.Containerd.Leases.V1;

namespace Noded.Kubelet.Images;

/// <summary>Keeps containerd's garbage collector away from what is written under it, until it is disposed.</summary>
internal sealed class ContainerdLease : IAsyncDisposable
{
    /// <summary>How long content outlives a daemon that was killed while it imported.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan DeleteTimeout = TimeSpan.FromSeconds(10);

    private readonly Leases.LeasesClient _leases;
    private readonly TimeProvider _clock;
    private readonly string _id;

    private ContainerdLease(Leases.LeasesClient leases, TimeProvider clock, string id, Metadata headers) =>
        (_leases, _clock, _id, Headers) = (leases, clock, id, headers);

    /// <summary>What every call that belongs to the lease must carry.</summary>
    public Metadata Headers { get; }

    public static async Task<ContainerdLease> CreateAsync(
        CallInvoker invoker,
        string containerdNamespace,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        Leases.LeasesClient leases = new(invoker);
        string id = $"noded-import-{Guid.NewGuid():N}";
        DateTimeOffset expiry = clock.GetUtcNow() + Lifetime;

        CreateRequest request = new() { Id = id };
        request.Labels["containerd.io/gc.expire"] =
            expiry.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        await leases.CreateAsync(
            request,
            new Metadata { { ContainerdNamespace.Header, containerdNamespace } },
            cancellationToken: cancellationToken);

        return new ContainerdLease(leases, clock, id, new Metadata
        {
            { ContainerdNamespace.Header, containerdNamespace },
            { "containerd-lease", id },
        });
    }

    public async ValueTask DisposeAsync()
    {
        // The import's own token may be what ended it; the lease must go all the same.
        using CancellationTokenSource timeout = new(DeleteTimeout, _clock);

        try
        {
            await _leases.DeleteAsync(new DeleteRequest { Id = _id }, Headers, cancellationToken: timeout.Token);
        }
        catch (RpcException)
        {
            // It expires by itself; an import that succeeded must not fail here.
        }
    }
}
