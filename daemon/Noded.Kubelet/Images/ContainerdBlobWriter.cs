using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Noded.Oci;
using Noded.Primitives;
using Noded.Protocols.Containerd.Content.V1;

namespace Noded.Kubelet.Images;

/// <summary>
/// Writes blobs into containerd's content store. A write is named after the blob's digest, so one that a killed
/// daemon left behind is continued where it stopped.
/// </summary>
internal sealed class ContainerdBlobWriter(CallInvoker invoker, Metadata headers, TimeProvider clock)
{
    private const int ChunkBytes = 1024 * 1024;
    private const int MaxAttempts = 8;

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    private readonly Content.ContentClient _content = new(invoker);

    /// <summary>Writes a blob that may be there already, and gives it <paramref name="labels"/> either way.</summary>
    /// <exception cref="RpcException">containerd refused, or the content is not what the descriptor says.</exception>
    public async Task WriteAsync(
        OciImage image,
        Descriptor descriptor,
        IReadOnlyDictionary<string, string> labels,
        CancellationToken cancellationToken)
    {
        Backoff backoff = new(FirstDelay, MaxDelay, () => 0);

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await WriteOnceAsync(image, descriptor, labels, cancellationToken);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
            {
                await SetLabelsAsync(descriptor.Digest, labels, cancellationToken);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && attempt < MaxAttempts)
            {
                // Somebody else holds this name: another import, or our own stream that containerd still closes.
                await Task.Delay(backoff.Next(), clock, cancellationToken);
            }
            catch
            {
                await AbortAsync(descriptor);
                throw;
            }
        }
    }

    private async Task WriteOnceAsync(
        OciImage image,
        Descriptor descriptor,
        IReadOnlyDictionary<string, string> labels,
        CancellationToken cancellationToken)
    {
        using AsyncDuplexStreamingCall<WriteContentRequest, WriteContentResponse> call =
            _content.Write(headers, cancellationToken: cancellationToken);

        WriteContentRequest stat = Request(WriteAction.Stat, descriptor);
        long offset = (await ExchangeAsync(call, stat, cancellationToken)).Offset;

        await using (Stream blob = image.Open(descriptor))
        {
            blob.Seek(offset, SeekOrigin.Begin);
            byte[] buffer = new byte[ChunkBytes];

            while (await blob.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken)
                is int read and > 0)
            {
                WriteContentRequest chunk = Request(WriteAction.Write, descriptor);
                chunk.Offset = offset;
                chunk.Data = ByteString.CopyFrom(buffer, 0, read);
                offset = (await ExchangeAsync(call, chunk, cancellationToken)).Offset;
            }
        }

        WriteContentRequest commit = Request(WriteAction.Commit, descriptor);
        commit.Offset = offset;
        commit.Labels.Add(labels.ToDictionary());
        await ExchangeAsync(call, commit, cancellationToken);
        await call.RequestStream.CompleteAsync();
    }

    /// <summary>
    /// One answer per request: containerd's disk sets the pace, and no more than one chunk is in flight.
    /// </summary>
    private static async Task<WriteContentResponse> ExchangeAsync(
        AsyncDuplexStreamingCall<WriteContentRequest, WriteContentResponse> call,
        WriteContentRequest request,
        CancellationToken cancellationToken)
    {
        try
        {
            await call.RequestStream.WriteAsync(request, cancellationToken);
        }
        catch (RpcException)
        {
            // The call is over; reading says why, which the failed write may not know.
        }

        return await call.ResponseStream.MoveNext(cancellationToken)
            ? call.ResponseStream.Current
            : throw new RpcException(
                new Grpc.Core.Status(StatusCode.Aborted, $"content write ended at {request.Action}"));
    }

    private static WriteContentRequest Request(WriteAction action, Descriptor descriptor) => new()
    {
        Action = action,
        Ref = RefOf(descriptor),
        Total = descriptor.Size,
        Expected = descriptor.Digest.ToString(),
    };

    private async Task SetLabelsAsync(
        Digest digest,
        IReadOnlyDictionary<string, string> labels,
        CancellationToken cancellationToken)
    {
        if (labels.Count == 0)
        {
            return;
        }

        UpdateRequest request = new()
        {
            Info = new Info { Digest = digest.ToString(), Labels = { labels.ToDictionary() } },
            UpdateMask = new FieldMask { Paths = { labels.Keys.Select(key => $"labels.{key}") } },
        };
        await _content.UpdateAsync(request, headers, cancellationToken: cancellationToken);
    }

    private async Task AbortAsync(Descriptor descriptor)
    {
        // Cleanup of a write that may have been cancelled: its own token would stop this too.
        using CancellationTokenSource timeout = new(AbortTimeout, clock);

        try
        {
            AbortRequest request = new() { Ref = RefOf(descriptor) };
            await _content.AbortAsync(request, headers, cancellationToken: timeout.Token);
        }
        catch (RpcException)
        {
            // Nothing was started, or containerd is gone; the lease's end removes what is left.
        }
    }

    private static string RefOf(Descriptor descriptor) => $"noded-import-{descriptor.Digest}";
}
