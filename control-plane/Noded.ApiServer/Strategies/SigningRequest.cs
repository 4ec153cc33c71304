using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Noded.ApiServer.Strategies;

/// <summary>A PKCS#10 request, which the API has as PEM in base64.</summary>
/// <param name="Organizations">The organizations of its subject, which become groups.</param>
internal sealed record SigningRequest(ImmutableArray<string> Organizations)
{
    private const string Organization = "2.5.4.10";

    // Signatures of other keys cannot be checked here; their signers check them.
    private static readonly ImmutableArray<string> KnownKeys = ["1.2.840.113549.1.1.1", "1.2.840.10045.2.1"];

    /// <exception cref="FormatException">It is none, or not signed by its own key.</exception>
    public static SigningRequest Parse(string base64)
    {
        byte[] encoded = Decode(base64);
        try
        {
            CertificateRequest request = Load(encoded, CertificateRequestLoadOptions.SkipSignatureValidation);
            if (KnownKeys.Contains(request.PublicKey.Oid.Value ?? ""))
            {
                Load(encoded, CertificateRequestLoadOptions.Default);
            }

            return new SigningRequest([.. OrganizationsOf(request.SubjectName)]);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static byte[] Decode(string base64)
    {
        Span<byte> pem = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, pem, out int length)
            || !PemEncoding.TryFindUtf8(pem[..length], out PemFields fields)
            || !pem[fields.Label].SequenceEqual("CERTIFICATE REQUEST"u8))
        {
            throw new FormatException("PEM block type must be CERTIFICATE REQUEST");
        }

        byte[] encoded = new byte[fields.DecodedDataLength];
        return System.Buffers.Text.Base64.DecodeFromUtf8(pem[fields.Base64Data], encoded, out _, out int written) == System.Buffers.OperationStatus.Done
            ? encoded[..written]
            : throw new FormatException("PEM block type must be CERTIFICATE REQUEST");
    }

    private static CertificateRequest Load(byte[] encoded, CertificateRequestLoadOptions options) =>
        CertificateRequest.LoadSigningRequest(encoded, HashAlgorithmName.SHA256, options);

    /// <summary>Whoever reads certificates may find several attributes in one part of a name: so does this.</summary>
    private static IEnumerable<string> OrganizationsOf(X500DistinguishedName subject)
    {
        AsnReader parts = new AsnReader(subject.RawData, AsnEncodingRules.DER).ReadSequence();
        while (parts.HasData)
        {
            AsnReader part = parts.ReadSetOf(skipSortOrderValidation: true);
            while (part.HasData)
            {
                AsnReader attribute = part.ReadSequence();
                if (attribute.ReadObjectIdentifier() == Organization)
                {
                    yield return TextOf(attribute);
                }
            }
        }
    }

    private static string TextOf(AsnReader value) => (UniversalTagNumber)value.PeekTag().TagValue switch
    {
        UniversalTagNumber.UTF8String => value.ReadCharacterString(UniversalTagNumber.UTF8String),
        UniversalTagNumber.PrintableString => value.ReadCharacterString(UniversalTagNumber.PrintableString),
        UniversalTagNumber.IA5String => value.ReadCharacterString(UniversalTagNumber.IA5String),
        UniversalTagNumber.BMPString => value.ReadCharacterString(UniversalTagNumber.BMPString),
        UniversalTagNumber.T61String => value.ReadCharacterString(UniversalTagNumber.T61String),
        _ => throw new AsnContentException("an organization is no text"),
    };
}
