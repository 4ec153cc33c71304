using System.Buffers;
using System.Security.Cryptography;

namespace Noded.Oci;

/// <summary>The name of a blob by its content: <c>sha256:</c> and 64 lower-case hex digits (OCI image-spec, descriptor.md).</summary>
/// <remarks>Other algorithms are refused: nothing that noded meets uses them, and a name must not be ambiguous.</remarks>
public readonly record struct Digest
{
    private const string Prefix = "sha256:";
    private const int HexLength = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private Digest(string hex) => Hex = hex;

    /// <summary>The 64 hex digits; also the blob's file name in a layout.</summary>
    public string Hex { get; }

    public static bool TryParse(string? text, out Digest digest)
    {
        bool valid = text is { Length: 71 }
            && text.StartsWith(Prefix, StringComparison.Ordinal)
            && IsHex(text.AsSpan(Prefix.Length));
        digest = valid ? new Digest(text![Prefix.Length..]) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text is no sha256 digest.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out Digest digest) ? digest : throw new FormatException($"'{text}' is not a sha256 digest");

    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <param name="hash">The 32 bytes of a finished SHA-256.</param>
    public static Digest FromHash(ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, HexLength / 2);
        return new Digest(Convert.ToHexStringLower(hash));
    }

    public override string ToString() => Prefix + Hex;

    private static bool IsHex(ReadOnlySpan<char> text) =>
        text.Length == HexLength && !text.ContainsAnyExcept(HexDigits);
}
