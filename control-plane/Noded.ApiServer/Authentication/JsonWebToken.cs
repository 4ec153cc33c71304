using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Authentication;

/// <summary>Signed tokens, RFC 7519, with ECDSA on P-256 (ES256).</summary>
internal sealed class JsonWebToken(ECDsa key)
{
    private const int LongestToken = 16 << 10;

    private readonly string _keyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    public string Sign(JsonObject claims)
    {
        JsonObject header = new() { ["alg"] = "ES256", ["kid"] = _keyId };
        string signed = $"{Base64Url.EncodeToString(header.ToUtf8())}.{Base64Url.EncodeToString(claims.ToUtf8())}";
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The claims of a token that this key has signed; null for any other.</summary>
    public JsonObject? Verify(string token)
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
            bool isOurs = header.Text("alg") == "ES256"
                && key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256);
            return isOurs ? DocumentReader.ReadJson(Base64Url.DecodeFromChars(parts[1])).Root as JsonObject : null;
        }
        catch (Exception e) when (e is FormatException or DocumentException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The public key as others read it, RFC 7517.</summary>
    public JsonObject ToKeySet()
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = _keyId,
                ["crv"] = "P-256",
                ["alg"] = "ES256",
                ["x"] = Base64Url.EncodeToString(parameters.Q.X),
                ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
            }),
        };
    }
}
