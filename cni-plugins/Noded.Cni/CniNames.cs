namespace Noded.Cni;

/// <summary>Names become parts of paths, rules and links: the specification allows letters, digits, '_', '.' and '-'.</summary>
internal static class CniNames
{
    internal static void CheckContainerId(string id)
    {
        if (!IsValid(id))
        {
            throw new CniException(
                CniErrorCode.InvalidEnvironmentVariables, "invalid characters in containerID", id);
        }
    }

    internal static void CheckNetworkName(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, "missing network name:");
        }

        if (!IsValid(name))
        {
            throw new CniException(
                CniErrorCode.InvalidNetworkConfig, "invalid characters found in network name", name);
        }
    }

    private static bool IsValid(string name) =>
        name.Length > 0
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-');
}
