using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Authentication;

/// <summary>A key of tokens: RSA, or ECDSA on P-256, P-384 or P-521 (RFC 7518).</summary>
internal sealed class TokenKey
{
    private readonly AsymmetricAlgorithm _key;
    private readonly HashAlgorithmName _hash;

    /// <exception cref="CryptographicException">It is a key of another kind.</exception>
    public TokenKey(AsymmetricAlgorithm key)
    {
        _key = key;
        (Algorithm, _hash) = (key, key.KeySize) switch
        {
            (RSA, _) => ("RS256", HashAlgorithmName.SHA256),
            (ECDsa, 256) => ("ES256", HashAlgorithmName.SHA256),
            (ECDsa, 384) => ("ES384", HashAlgorithmName.SHA384),
            (ECDsa, 521) => ("ES512", HashAlgorithmName.SHA512),
            _ => throw new CryptographicException($"Tokens are signed by RSA or ECDSA, not by {key.GetType().Name} with {key.KeySize} bits."),
        };
        Id = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>A digest of the public key.</summary>
    public string Id { get; }

    /// <summary>As tokens and key sets name it.</summary>
    public string Algorithm { get; }

    public byte[] Sign(byte[] text) => _key is RSA rsa
        ? rsa.SignData(text, _hash, RSASignaturePadding.Pkcs1)
        : ((ECDsa)_key).SignData(text, _hash);

    public bool Verify(byte[] text, byte[] signature) => _key is RSA rsa
        ? rsa.VerifyData(text, signature, _hash, RSASignaturePadding.Pkcs1)
        : ((ECDsa)_key).VerifyData(text, signature, _hash);

    /// <summary>The public key as others read it, RFC 7517.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = new() { ["use"] = "sig", ["kid"] = Id, ["alg"] = Algorithm };
        if (_key is RSA rsa)
        {
            RSAParameters parameters = rsa.ExportParameters(includePrivateParameters: false);
            json["kty"] = "RSA";
            json["n"] = Base64Url.EncodeToString(parameters.Modulus);
            json["e"] = Base64Url.EncodeToString(parameters.Exponent);
        }
        else
        {
            ECPoint point = ((ECDsa)_key).ExportParameters(includePrivateParameters: false).Q;
            json["kty"] = "EC";
            json["crv"] = $"P-{_key.KeySize}";
            json["x"] = Base64Url.EncodeToString(point.X);
            json["y"] = Base64Url.EncodeToString(point.Y);
        }

        return json;
    }
}
