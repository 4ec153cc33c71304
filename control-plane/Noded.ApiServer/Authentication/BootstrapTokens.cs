using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.Store;

namespace Noded.ApiServer.Authentication;

/// <summary>Knows nodes that are about to join by the tokens in kube-system's Secrets.</summary>
internal sealed partial class BootstrapTokens(ObjectReader reader, Resource secrets, TimeProvider clock)
{
    private const string Group = "system:bootstrappers";

    /// <summary>The bearer; null if there is no such token or it is over.</summary>
    public async Task<UserIdentity?> VerifyAsync(string token, CancellationToken cancellationToken)
    {
        if (TokenPattern.Match(token) is not { Success: true } match)
        {
            return null;
        }

        string id = match.Groups[1].Value;
        KeyValue? found = await reader.FindAsync(secrets, "kube-system", $"bootstrap-token-{id}", cancellationToken);
        JsonObject? secret = found is null ? null : ObjectReader.Decode(secrets, found);
        bool isValid = secret is not null
            && !secret.IsBeingDeleted()
            && secret.Text("type") == "bootstrap.kubernetes.io/token"
            && Value(secret, "token-id") == id
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(Value(secret, "token-secret")), Encoding.UTF8.GetBytes(match.Groups[2].Value))
            && Value(secret, "usage-bootstrap-authentication") == "true"
            && !IsOver(Value(secret, "expiration"));
        if (!isValid)
        {
            return null;
        }

        IEnumerable<string> extra = Value(secret!, "auth-extra-groups") // valid, so it is there
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Where(group => group.StartsWith($"{Group}:", StringComparison.Ordinal));
        return new UserIdentity($"system:bootstrap:{id}", [Group, .. extra, UserIdentity.AuthenticatedGroup]);
    }

    private bool IsOver(string expiration) =>
        expiration.Length > 0
        && (!ScalarDecoder.TryTime(expiration, out DateTimeOffset time) || time <= clock.GetUtcNow());

    private static string Value(JsonObject secret, string key)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(secret.Object("data").Text(key) ?? ""));
        }
        catch (FormatException)
        {
            return "";
        }
    }

    [GeneratedRegex(@"\A([a-z0-9]{6})\.([a-z0-9]{16})\z")]
    private static partial Regex TokenPattern { get; }
}
