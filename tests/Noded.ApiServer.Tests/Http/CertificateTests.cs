using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>What may become of requests for certificates.</summary>
public sealed class CertificateTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string Merge = "application/merge-patch+json";
    private const string Approved = """{"type":"Approved","status":"True","reason":"r","message":"m"}""";
    private const string Denied = """{"type":"Denied","status":"True","reason":"r","message":"m"}""";

    [Theory]
    [InlineData("O=system:masters,CN=a", 403)]
    [InlineData("O=developers,CN=a", 201)]
    public async Task Create_ForTheServersClients_IsNotOfTheMasters(string subject, int expected)
    {
        (int code, JsonNode answer) = await CreateAsync(Request(new X500DistinguishedName(subject)), "kubernetes.io/kube-apiserver-client");

        Assert.Equal(expected, code);
        if (expected == 403)
        {
            Assert.EndsWith(
                "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
                answer["message"]!.ToString(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Create_MastersBesideTheName_IsForbidden()
    {
        // One relative distinguished name with two attributes, CN and O.
        AsnWriter subject = new(AsnEncodingRules.DER);
        using (subject.PushSequence())
        using (subject.PushSetOf())
        {
            foreach ((string type, string value) in new[] { ("2.5.4.3", "a"), ("2.5.4.10", "system:masters") })
            {
                using (subject.PushSequence())
                {
                    subject.WriteObjectIdentifier(type);
                    subject.WriteCharacterString(UniversalTagNumber.UTF8String, value);
                }
            }
        }

        (int code, _) = await CreateAsync(Request(new X500DistinguishedName(subject.Encode())), "kubernetes.io/kube-apiserver-client");

        Assert.Equal(403, code);
    }

    [Fact]
    public async Task Create_MastersForAnotherSigner_IsTaken()
    {
        (int code, _) = await CreateAsync(Request(new X500DistinguishedName("O=system:masters,CN=a")), "example.com/signer");

        Assert.Equal(201, code);
    }

    [Fact]
    public async Task Create_NotSignedByItsKey_IsInvalid()
    {
        byte[] request = Convert.FromBase64String(Request(new X500DistinguishedName("CN=a")));
        byte[] encoded = Convert.FromBase64String(Encoding.ASCII.GetString(request).Split('\n')[1..^1].Aggregate((all, line) => all + line));
        encoded[^1] ^= 1;
        string broken = Convert.ToBase64String(Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE REQUEST", encoded)));

        (int code, JsonNode refused) = await CreateAsync(broken, "example.com/signer");

        Assert.Equal(422, code);
        Assert.Equal("spec.request", refused["details"]!["causes"]![0]!["field"]!.ToString());
    }

    [Fact]
    public async Task Approval_Given_SaysWhenAndIsNotTakenBack()
    {
        string path = await MadeAsync();

        (int approved, JsonNode given) = await ApproveAsync(path, Approved);
        (int removed, JsonNode why) = await ApproveAsync(path, "");
        (int both, JsonNode contradiction) = await ApproveAsync(path, $"{Approved},{Denied}");

        JsonNode condition = given["status"]!["conditions"]![0]!;
        Assert.Equal((200, 422, 422), (approved, removed, both));
        Assert.NotNull(condition["lastUpdateTime"]);
        Assert.NotNull(condition["lastTransitionTime"]);
        Assert.Equal(["status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""], Causes(why));
        Assert.Equal(["status.conditions: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive"], Causes(contradiction));
    }

    [Fact]
    public async Task Approval_Repeated_KeepsTheTimeOfTheFirst()
    {
        string path = await MadeAsync();
        (_, JsonNode first) = await ApproveAsync(path, """{"type":"Approved","status":"True","reason":"r","message":"m","lastTransitionTime":"2026-01-01T00:00:00Z"}""");

        (int code, JsonNode second) = await ApproveAsync(path, """{"type":"Approved","status":"True","reason":"other","message":"m"}""");

        Assert.Equal(200, code);
        Assert.Equal("other", second["status"]!["conditions"]![0]!["reason"]!.ToString());
        Assert.Equal(
            first["status"]!["conditions"]![0]!["lastTransitionTime"]!.ToString(),
            second["status"]!["conditions"]![0]!["lastTransitionTime"]!.ToString());
    }

    [Theory]
    [InlineData("""{"type":"Approved","status":"False","reason":"r"}""", "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"")]
    [InlineData("""{"type":"Other","status":"Some"}""", "status.conditions[0].status: Unsupported value: \"Some\": supported values: \"False\", \"True\", \"Unknown\"")]
    public async Task Approval_OfAConditionThatIsNone_IsInvalid(string condition, string expected)
    {
        string path = await MadeAsync();

        (int code, JsonNode refused) = await ApproveAsync(path, condition);

        Assert.Equal(422, code);
        Assert.Equal([expected], Causes(refused));
    }

    [Fact]
    public async Task Status_MayHaveACertificateOnceButNoDecision()
    {
        string path = await MadeAsync();

        (int decided, JsonNode decision) = await StatusAsync(path, $$"""{"conditions":[{{Approved}}]}""");
        (int nonsense, JsonNode wrong) = await StatusAsync(path, """{"certificate":"LS0tLS1CRUdJTg=="}""");
        (int issued, _) = await StatusAsync(path, $$"""{"certificate":"{{Certificate()}}"}""");
        (int again, JsonNode other) = await StatusAsync(path, $$"""{"certificate":"{{Certificate()}}"}""");
        (int failed, _) = await StatusAsync(path, """{"conditions":[{"type":"Failed","status":"True","reason":"r"}]}""");

        Assert.Equal((422, 422, 200, 422, 200), (decided, nonsense, issued, again, failed));
        Assert.Equal(["status.conditions: Forbidden: updates may not add a condition of type \"Approved\""], Causes(decision));
        Assert.Equal(["status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block"], Causes(wrong));
        Assert.Equal(["status.certificate: Forbidden: updates may not modify existing certificate content"], Causes(other));
    }

    /// <summary>A certificate, PEM in base64.</summary>
    internal static string Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=somebody", key, HashAlgorithmName.SHA256);
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using X509Certificate2 certificate = request.CreateSelfSigned(start, start.AddYears(1));
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
    }

    private static string Request(X500DistinguishedName subject)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    }

    private async Task<(int Code, JsonNode Body)> CreateAsync(string request, string signer) => await api.SendAsync("POST", Requests, $$$"""
        {"metadata":{"name":"csr-{{{Guid.NewGuid():N}}}"},"spec":{"request":"{{{request}}}","signerName":"{{{signer}}}","usages":["client auth"]}}
        """);

    private async Task<string> MadeAsync()
    {
        (int code, JsonNode made) = await CreateAsync(Request(new X500DistinguishedName("CN=a")), "example.com/signer");
        Assert.True(code == 201, made.ToJsonString());
        return $"{Requests}/{made["metadata"]!["name"]}";
    }

    private Task<(int Code, JsonNode Body)> ApproveAsync(string path, string conditions) =>
        api.SendAsync("PATCH", $"{path}/approval", $$$"""{"status":{"conditions":[{{{conditions}}}]}}""", Merge);

    private Task<(int Code, JsonNode Body)> StatusAsync(string path, string status) =>
        api.SendAsync("PATCH", $"{path}/status", $$$"""{"status":{{{status}}}}""", Merge);

    private static IEnumerable<string> Causes(JsonNode status) =>
        status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}: {cause["message"]}");
}
