using Noded.Primitives;

namespace Noded.Cni.Plugins.Interfaces;

/// <summary>The MAC address that a runtime asks for: capability <c>mac</c>, or <c>args.cni</c>, the older way.</summary>
internal sealed record MacWish
{
    public MacAddress? Mac { get; init; }
}

/// <summary><c>args</c>.</summary>
internal sealed record MacArgs
{
    public MacWish? Cni { get; init; }
}

/// <summary>Which of several wishes counts.</summary>
internal static class RequestedMac
{
    /// <summary>The first that anybody asked for: runtime capability, arguments, CNI_ARGS, configuration.</summary>
    /// <exception cref="CniException">MAC of CNI_ARGS is none.</exception>
    internal static MacAddress? Of(CniRequest request, MacAddress? capability, MacAddress? argument, MacAddress? configured)
    {
        if ((capability ?? argument) is MacAddress asked)
        {
            return asked;
        }

        if (request.Arguments.Extra.TryGetValue("MAC", out string? text) && text.Length > 0)
        {
            return MacAddress.TryParse(text, out MacAddress parsed)
                ? parsed
                : throw new CniException(
                    CniErrorCode.InvalidEnvironmentVariables, $"CNI_ARGS: MAC \"{text}\" is no MAC address");
        }

        return configured;
    }
}
