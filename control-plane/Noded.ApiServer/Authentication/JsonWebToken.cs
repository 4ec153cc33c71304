using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Authentication;

/// <summary>Signed tokens, RFC 7519.</summary>
/// <param name="signing">Signs new ones.</param>
/// <param name="others">Have signed older ones.</param>
internal sealed class JsonWebToken(TokenKey signing, ImmutableArray<TokenKey> others)
{
    private const int LongestToken = 16 << 10;
    private const int MostVerified = 8192;

    // The claims of tokens by digest: not one of them could be read back from here.
    private readonly ConcurrentDictionary<string, JsonObject> _verified = new(StringComparer.Ordinal);

    private readonly ImmutableArray<TokenKey> _keys = [.. others.Prepend(signing).DistinctBy(key => key.Id)];

    /// <summary>The algorithms of all keys.</summary>
    public IEnumerable<string> Algorithms => _keys.Select(key => key.Algorithm).Distinct();

    public string Sign(JsonObject claims)
    {
        JsonObject header = new() { ["alg"] = signing.Algorithm, ["kid"] = signing.Id };
        string signed = $"{Base64Url.EncodeToString(header.ToUtf8())}.{Base64Url.EncodeToString(claims.ToUtf8())}";
        return $"{signed}.{Base64Url.EncodeToString(signing.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The claims of a token that one of the keys has signed, not to be changed; null for any other.</summary>
    public JsonObject? Verify(string token)
    {
        // A signature costs more than most requests; whoever has sent a token is likely to send it again.
        string digest = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_verified.TryGetValue(digest, out JsonObject? known))
        {
            return known;
        }

        JsonObject? claims = Read(token);
        if (claims is not null)
        {
            if (_verified.Count >= MostVerified)
            {
                _verified.Clear();
            }

            _verified[digest] = claims;
        }

        return claims;
    }

    private JsonObject? Read(string token)
    {
        string[] parts = token.Length <= LongestToken ? token.Split('.') : [];
        if (parts.Length != 3)
        {
            return null;
        }

        try
        {
            JsonNode? header = DocumentReader.ReadJson(Base64Url.DecodeFromChars(parts[0])).Root;
            byte[] signature = Base64Url.DecodeFromChars(parts[2]);
            byte[] signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            string? id = header.Text("kid");
            bool isOurs = _keys.Any(key =>
                (id is null || id == key.Id) && header.Text("alg") == key.Algorithm && key.Verify(signed, signature));
            return isOurs ? DocumentReader.ReadJson(Base64Url.DecodeFromChars(parts[1])).Root as JsonObject : null;
        }
        catch (Exception e) when (e is FormatException or DocumentException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The public keys as others read them, RFC 7517.</summary>
    public JsonObject ToKeySet() => new() { ["keys"] = new JsonArray([.. _keys.Select(key => key.ToJson())]) };
}
