using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Noded.Kubelet.Runtime.Containerd;
using Noded.Oci;
using Noded.Protocols.Containerd.Images.V1;
using Noded.Protocols.Containerd.Types;
using ImagesClient = Noded.Protocols.Containerd.Images.V1.Images.ImagesClient;

namespace Noded.Kubelet.Images;

/// <summary>
/// Brings images into containerd without a registry, as if they had been pulled through CRI. Layers are unpacked
/// when the first container needs them. Importing the same image again changes nothing.
/// </summary>
/// <param name="invoker">A channel to containerd's socket.</param>
public sealed class ContainerdImageImporter(CallInvoker invoker, TimeProvider clock)
{
    private readonly ImagesClient _images = new(invoker);

    /// <summary>
    /// Imports <paramref name="image"/> under its reference, replacing what had that name, and under its id, the
    /// digest of its config. An image that lost its name this way stays known by its id, as after a pull.
    /// </summary>
    /// <param name="pinned">
    /// The runtime's and the kubelet's garbage collectors leave the image alone. A pin that is there is never removed.
    /// </param>
    /// <exception cref="ArgumentException">The image has no reference.</exception>
    /// <exception cref="IOException">containerd refused or is gone; the message says at which image.</exception>
    public async Task ImportAsync(OciImage image, bool pinned, CancellationToken cancellationToken)
    {
        string name = image.Reference?.ToString()
            ?? throw new ArgumentException("the image has no reference", nameof(image));

        try
        {
            await using ContainerdLease lease =
                await ContainerdLease.CreateAsync(invoker, ContainerdNamespace.Cri, clock, cancellationToken);
            ContainerdBlobWriter blobs = new(invoker, lease.Headers, clock);

            foreach (Descriptor descriptor in image.Descriptors)
            {
                await blobs.WriteAsync(image, descriptor, ComputeLabels(image, descriptor), cancellationToken);
            }

            // The label that CRI looks for also tells it that the image is known by its id already, as after a pull.
            string id = image.Config.Digest.ToString();
            await SetRecordAsync(Describe(image, id, pinned), lease.Headers, cancellationToken);
            await SetRecordAsync(Describe(image, name, pinned), lease.Headers, cancellationToken);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException e)
        {
            throw new IOException($"import image {name} into containerd: {e.Status.Detail} ({e.StatusCode})", e);
        }
    }

    /// <summary>
    /// containerd's collector does not read manifests: labels tell it what a blob refers to
    /// (containerd, docs/garbage-collection.md).
    /// </summary>
    internal static Dictionary<string, string> ComputeLabels(OciImage image, Descriptor descriptor)
    {
        Dictionary<string, string> labels = [];

        if (descriptor == image.Manifest)
        {
            labels["containerd.io/gc.ref.content.config"] = image.Config.Digest.ToString();

            for (int layer = 0; layer < image.Layers.Length; layer++)
            {
                labels[$"containerd.io/gc.ref.content.l.{layer}"] = image.Layers[layer].Digest.ToString();
            }
        }

        return labels;
    }

    private static Image Describe(OciImage image, string name, bool pinned)
    {
        Image record = new()
        {
            Name = name,
            Target = new ContentDescriptor
            {
                MediaType = image.Manifest.MediaType,
                Digest = image.Manifest.Digest.ToString(),
                Size = image.Manifest.Size,
            },
        };

        // CRI looks at images with this label only.
        record.Labels["io.cri-containerd.image"] = "managed";

        if (pinned)
        {
            record.Labels["io.cri-containerd.pinned"] = "pinned";
        }

        return record;
    }

    private async Task SetRecordAsync(Image record, Metadata headers, CancellationToken cancellationToken)
    {
        try
        {
            CreateImageRequest create = new() { Image = record };
            await _images.CreateAsync(create, headers, cancellationToken: cancellationToken);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
        {
            FieldMask mask = new() { Paths = { "target", record.Labels.Keys.Select(key => $"labels.{key}") } };
            UpdateImageRequest update = new() { Image = record, UpdateMask = mask };
            await _images.UpdateAsync(update, headers, cancellationToken: cancellationToken);
        }
    }
}
