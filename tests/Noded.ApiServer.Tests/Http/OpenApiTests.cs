using System.IO.Compression;
using System.Text.Json.Nodes;

using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

public sealed class OpenApiTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const int MostPackedBytes = 1 << 20;

    public static TheoryData<string> GroupVersions =>
        new(SchemaCatalog.BuiltIn.Resources.Select(resource => resource.GroupVersion).Distinct());

    [Theory]
    [MemberData(nameof(GroupVersions))]
    public async Task Document_OfAGroup_IsWhole(string groupVersion)
    {
        string path = groupVersion == "v1" ? "/openapi/v3/api/v1" : $"/openapi/v3/apis/{groupVersion}";
        (int code, JsonNode document) = await api.SendAsync("GET", path);

        JsonObject schemas = document["components"]!["schemas"]!.AsObject();
        string[] references = [.. References(document).Distinct()];
        Assert.Equal(200, code);
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference));
        Assert.All(schemas, schema => Assert.NotEmpty(schema.Value!.AsObject()));
    }

    [Fact]
    public async Task Document_OfTheCore_SaysWhatKindsAndFieldsAreFor()
    {
        (_, JsonNode document) = await api.SendAsync("GET", "/openapi/v3/api/v1");

        JsonNode schemas = document["components"]!["schemas"]!;
        JsonNode spec = schemas["io.k8s.api.core.v1.PodSpec"]!["properties"]!;
        JsonNode meta = schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!["properties"]!;
        Assert.StartsWith("Pod is a collection of containers that can run on a host.", Text(schemas["io.k8s.api.core.v1.Pod"]!), StringComparison.Ordinal);
        Assert.StartsWith("List of containers belonging to the pod. Containers cannot currently be added or removed.", Text(spec["containers"]!), StringComparison.Ordinal);
        Assert.Contains("\n\nIf the OS field is set to linux", Text(spec["os"]!), StringComparison.Ordinal);
        Assert.StartsWith("Namespace defines the space within which each name must be unique.", Text(meta["namespace"]!), StringComparison.Ordinal);
        Assert.StartsWith("The object that this event is about.", Text(schemas["io.k8s.api.core.v1.Event"]!["properties"]!["involvedObject"]!), StringComparison.Ordinal);
    }

    [Fact]
    public void Document_OfEveryServedKind_HasADescription()
    {
        ApiServer.OpenApi.Descriptions descriptions = ApiServer.OpenApi.Descriptions.Read();

        string[] without = [.. SchemaCatalog.BuiltIn.Resources
            .Where(resource => resource.IsStored)
            .SelectMany(resource => resource.Schema.Ordered
                .Where(field => descriptions.Of(resource.Schema, field) is null)
                .Select(field => $"{resource.GroupVersion} {resource.Kind}.{field.Name}")
                .Concat(descriptions.Of(resource.Schema) is null ? [resource.Kind] : []))];

        Assert.Empty(without);
    }

    [Fact]
    public void Descriptions_Embedded_AreSmall()
    {
        using Stream packed = typeof(SchemaCatalog).Assembly.GetManifestResourceStream("descriptions.gz")!;

        Assert.InRange(packed.Length, 50_000, MostPackedBytes);
    }

    [Fact]
    public async Task Document_ClientTakesGzip_IsTheSame()
    {
        string plain = await PlainAsync(null);
        string unpacked = await PlainAsync("gzip");

        Assert.Equal(plain, unpacked);
    }

    private async Task<string> PlainAsync(string? encoding)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/openapi/v3/apis/apps/v1");
        if (encoding is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        }

        using HttpResponseMessage response = await api.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        await using Stream body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await using Stream text = encoding is null ? body : new GZipStream(body, CompressionMode.Decompress);
        using StreamReader reader = new(text);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static string Text(JsonNode schema) => schema["description"]!.ToString();

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject item => item.SelectMany(pair => pair.Key == "$ref" ? [pair.Value!.ToString()] : References(pair.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
