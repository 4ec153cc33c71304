using System.Collections.Immutable;
using System.Text.Json;
using Grpc.Core;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Oci;
using Noded.Protocols.Containerd.Content.V1;
using Ingest = Noded.Protocols.Containerd.Content.V1.Status;

namespace Noded.Kubelet.Images;

/// <summary>
/// Reads from containerd's content store how far a pull has come: CRI does not tell. Its labels say which manifest is
/// of which repository and which layers a manifest has; its ingests are the layers that come now.
/// </summary>
internal sealed class ContainerdPullProgress(CallInvoker invoker, TimeProvider clock) : IPullProgress
{
    /// <summary>Of the label that names the repositories, with commas between them, that a blob is from.</summary>
    private const string SourceLabel = "containerd.io/distribution.source.";

    /// <summary>Of the labels by which a manifest holds its layers.</summary>
    private const string LayerLabel = "containerd.io/gc.ref.content.l.";

    /// <summary>As containerd itself has it; a registry may have sent anything.</summary>
    private const int MaxManifest = 8 << 20;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly Content.ContentClient _content = new(invoker);

    public async Task<PullProgress?> TryReadAsync(string image, CancellationToken cancellationToken)
    {
        if (!ImageReference.TryParse(image, out ImageReference? reference))
        {
            return null;
        }

        try
        {
            CallOptions options = new(
                ContainerdNamespace.CriHeaders(),
                clock.GetUtcNow().UtcDateTime + Timeout,
                cancellationToken);
            ListStatusesResponse ingests = await _content.ListStatusesAsync(new ListStatusesRequest(), options);
            ImmutableArray<Info> blobs = await ListAsync(reference, options);
            return FindManifest(blobs, ingests.Statuses) is { } manifest
                ? Sum(await ReadAsync(manifest, options), blobs, ingests.Statuses)
                : null;
        }
        catch (Exception e) when (e is RpcException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A runtime without such a store, or one that does not answer now: the pull goes on untold.
            return null;
        }
    }

    /// <summary>The newest manifest of which a layer is being fetched; other tags of the repository have none.</summary>
    internal static Info? FindManifest(IEnumerable<Info> blobs, IEnumerable<Ingest> ingests) =>
        blobs.Where(blob => blob.Labels.Any(label =>
                label.Key.StartsWith(LayerLabel, StringComparison.Ordinal)
                && ingests.Any(ingest => IsOf(ingest, label.Value))))
            .MaxBy(blob => blob.CreatedAt?.ToDateTime());

    /// <summary>What the manifest refers to, and how much of each is there.</summary>
    internal static PullProgress Sum(ReadOnlyMemory<byte> manifest, IEnumerable<Info> blobs, IReadOnlyCollection<Ingest> ingests)
    {
        HashSet<string> whole = [.. blobs.Select(blob => blob.Digest)];
        using JsonDocument document = JsonDocument.Parse(manifest);
        long fetched = 0;
        long total = 0;
        foreach ((string digest, long size) in document.RootElement.GetProperty("layers").EnumerateArray()
            .Append(document.RootElement.GetProperty("config"))
            .Select(part => (part.GetProperty("digest").GetString() ?? string.Empty, part.GetProperty("size").GetInt64()))
            .Distinct())
        {
            total += size;
            fetched += whole.Contains(digest) ? size : ingests.FirstOrDefault(ingest => IsOf(ingest, digest))?.Offset ?? 0;
        }

        return new PullProgress(fetched, total);
    }

    /// <summary>containerd's pulls name an ingest after what it is to become: <c>layer-sha256:…</c>.</summary>
    private static bool IsOf(Ingest ingest, string digest) => ingest.Ref.EndsWith('-' + digest, StringComparison.Ordinal);

    private async Task<ImmutableArray<Info>> ListAsync(ImageReference reference, CallOptions options)
    {
        string label = SourceLabel + reference.Registry;
        using AsyncServerStreamingCall<ListContentResponse> call =
            _content.List(new ListContentRequest { Filters = { $"labels.\"{label}\"" } }, options);
        ImmutableArray<Info>.Builder found = ImmutableArray.CreateBuilder<Info>();
        await foreach (ListContentResponse some in call.ResponseStream.ReadAllAsync(options.CancellationToken))
        {
            found.AddRange(some.Info.Where(
                blob => blob.Labels.TryGetValue(label, out string? repositories)
                    && repositories.Split(',').Contains(reference.Repository)));
        }

        return found.DrainToImmutable();
    }

    private async Task<byte[]> ReadAsync(Info manifest, CallOptions options)
    {
        using MemoryStream content = new();
        using AsyncServerStreamingCall<ReadContentResponse> call =
            _content.Read(new ReadContentRequest { Digest = manifest.Digest }, options);
        await foreach (ReadContentResponse part in call.ResponseStream.ReadAllAsync(options.CancellationToken))
        {
            content.Write(part.Data.Span);
            if (content.Length > MaxManifest)
            {
                throw new JsonException($"manifest {manifest.Digest} has more than {MaxManifest} bytes");
            }
        }

        return content.ToArray();
    }
}
