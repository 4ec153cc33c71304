namespace Noded.Api.Pods;

/// <summary>The tag of an image reference (distribution's reference grammar).</summary>
public static class ImageTag
{
    /// <summary>
    /// The tag; <c>latest</c> when there is neither tag nor digest, empty when only a digest names the image.
    /// </summary>
    public static string Of(string? image)
    {
        if (string.IsNullOrEmpty(image))
        {
            return "";
        }

        int at = image.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? image : image[..at];

        // A colon before the last slash belongs to the registry's port.
        int colon = name.IndexOf(':', name.LastIndexOf('/') + 1);
        if (colon >= 0)
        {
            return name[(colon + 1)..];
        }

        return at < 0 ? "latest" : "";
    }
}
