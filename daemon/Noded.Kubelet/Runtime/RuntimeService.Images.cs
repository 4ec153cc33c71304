using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    public async Task<string?> TryGetImageAsync(string reference, CancellationToken cancellationToken)
    {
        ImageStatusResponse response = await CallAsync(
            "image_status",
            reference,
            _images.ImageStatusAsync,
            new ImageStatusRequest { Image = new ImageSpec { Image = reference } },
            RequestTimeout,
            cancellationToken);
        return response.Image?.Id;
    }

    public async Task<ImageUser> GetImageUserAsync(string reference, CancellationToken cancellationToken)
    {
        ImageStatusResponse response = await CallAsync(
            "image_status",
            reference,
            _images.ImageStatusAsync,
            new ImageStatusRequest { Image = new ImageSpec { Image = reference } },
            RequestTimeout,
            cancellationToken);
        return new ImageUser(response.Image?.Uid?.Value, response.Image?.Username);
    }

    public async Task<string> PullImageAsync(string reference, CancellationToken cancellationToken)
    {
        PullImageResponse response = await CallAsync(
            "pull_image",
            reference,
            _images.PullImageAsync,
            new PullImageRequest { Image = new ImageSpec { Image = reference } },
            timeout: null,
            cancellationToken);
        return response.ImageRef;
    }
}
