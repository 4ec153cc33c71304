using System.Collections.Immutable;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

public sealed partial class RuntimeService
{
    public async Task<string?> TryGetImageAsync(string reference, CancellationToken cancellationToken) =>
        (await GetImageAsync(reference, cancellationToken))?.Id;

    public async Task<ImageUser> GetImageUserAsync(string reference, CancellationToken cancellationToken)
    {
        Protocols.Cri.V1.Image? image = await GetImageAsync(reference, cancellationToken);
        return new ImageUser(image?.Uid?.Value, image?.Username);
    }

    public async Task<long> GetImageSizeAsync(string reference, CancellationToken cancellationToken) =>
        (long)((await GetImageAsync(reference, cancellationToken))?.Size ?? 0);

    public async Task<string> PullImageAsync(
        string reference, RegistryCredentials? credentials, CancellationToken cancellationToken)
    {
        PullImageRequest request = new() { Image = new ImageSpec { Image = reference } };
        if (credentials is not null)
        {
            request.Auth = new AuthConfig { Username = credentials.UserName, Password = credentials.Password };
        }

        PullImageResponse response = await CallAsync(
            "pull_image",
            reference,
            _images.PullImageAsync,
            request,
            timeout: null,
            cancellationToken);
        return response.ImageRef;
    }

    public async Task<ImmutableArray<Image>> ListImagesAsync(CancellationToken cancellationToken)
    {
        ListImagesResponse response = await CallAsync(
            "list_images", "runtime", _images.ListImagesAsync, new ListImagesRequest(), RequestTimeout, cancellationToken);
        return
        [
            .. response.Images.Select(image => new Image(
                image.Id, [.. image.RepoTags, .. image.RepoDigests], (long)image.Size, image.Pinned)),
        ];
    }

    public Task RemoveImageAsync(string id, CancellationToken cancellationToken) => CallAsync(
        "remove_image",
        id,
        _images.RemoveImageAsync,
        new RemoveImageRequest { Image = new ImageSpec { Image = id } },
        RequestTimeout,
        cancellationToken);

    private async Task<Protocols.Cri.V1.Image?> GetImageAsync(string reference, CancellationToken cancellationToken)
    {
        ImageStatusResponse response = await CallAsync(
            "image_status",
            reference,
            _images.ImageStatusAsync,
            new ImageStatusRequest { Image = new ImageSpec { Image = reference } },
            RequestTimeout,
            cancellationToken);
        return response.Image;
    }
}
