using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Registries;

/// <summary>Where the next part of a list begins, and as of which revision; -1 for the newest.</summary>
internal sealed record ContinueToken(long Revision, string Start)
{
    private const string Version = "meta.k8s.io/v1";

    private const string Expired =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        + "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        + "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        + "modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    /// <summary>Which state the next part has to be of.</summary>
    public Freshness Freshness => Revision < 0 ? new Freshness.Consistent() : new Freshness.Exactly(Revision);

    /// <param name="scope">The prefix of the list, which the token does not repeat.</param>
    public string Encode(string scope)
    {
        JsonObject token = new() { ["v"] = Version, ["rv"] = Revision, ["start"] = Start[scope.Length..] };
        return Base64Url.EncodeToString(token.ToUtf8());
    }

    /// <exception cref="ApiStatusException">It is no token.</exception>
    public static ContinueToken Decode(string text, string scope)
    {
        try
        {
            JsonNode? token = DocumentReader.ReadJson(Base64Url.DecodeFromChars(text)).Root;
            string start = token.Text("start") ?? "";
            bool isOurs = token.Text("v") == Version && start.Length > 0 && !start.Contains("..", StringComparison.Ordinal);
            if (isOurs && token.Integer("rv") is { } revision && (revision > 0 || revision == -1))
            {
                return new ContinueToken(revision, scope + start);
            }
        }
        catch (Exception e) when (e is DocumentException or FormatException or JsonException or DecoderFallbackException)
        {
            // Told below, whatever is wrong with it.
        }

        throw ApiStatusException.BadRequest("invalid continue token: continue key is not valid");
    }

    /// <summary>Says that the state is gone, and how to get the rest of the list as it is now.</summary>
    public ApiStatusException ToExpired(string scope) => new(410, "Expired", Expired)
    {
        Continue = (this with { Revision = -1 }).Encode(scope),
    };
}
