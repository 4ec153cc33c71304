namespace Noded.Api.Pods;

/// <summary>The parts of an image reference (distribution's reference grammar).</summary>
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

    /// <summary>Registry and path without tag and digest; what names no registry is from Docker's.</summary>
    public static string RepositoryOf(string image)
    {
        int at = image.IndexOf('@', StringComparison.Ordinal);
        string name = at < 0 ? image : image[..at];
        int colon = name.IndexOf(':', name.LastIndexOf('/') + 1);
        name = colon < 0 ? name : name[..colon];
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? string.Empty : name[..slash];
        return first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost"
            ? name
            : slash < 0 ? $"docker.io/library/{name}" : $"docker.io/{name}";
    }
}
