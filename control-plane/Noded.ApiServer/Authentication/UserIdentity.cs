using System.Collections.Immutable;

namespace Noded.ApiServer.Authentication;

/// <summary>Who sends a request.</summary>
internal sealed record UserIdentity(string Name, ImmutableArray<string> Groups)
{
    public const string AuthenticatedGroup = "system:authenticated";
    public const string MastersGroup = "system:masters";

    /// <summary>Somebody who has not said who they are.</summary>
    public static UserIdentity Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The server itself.</summary>
    public static UserIdentity Server { get; } = new("system:apiserver", [MastersGroup]);

    public string Uid { get; init; } = "";

    /// <summary>What else is known about them, by name.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> Extra { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    public bool IsAnonymous => Name == Anonymous.Name;
}
