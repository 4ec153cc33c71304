using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authorization;
using Noded.ApiServer.Schemas;

namespace Noded.ApiServer.Tests.Http;

/// <summary>Every verb of every resource: without the right it is forbidden, with exactly that right it is not.</summary>
public sealed class AuthorizationMatrixTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Nothing = "none";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Resources and subresources with their verbs, one case each so that a failure names its resource.</summary>
    public static TheoryData<string> Resources() =>
        new(SchemaCatalog.BuiltIn.Resources.Select(resource => $"{resource.GroupVersion} {resource.Name}"));

    [Theory]
    [MemberData(nameof(Resources))]
    public async Task Verb_OfTheResource_NeedsExactlyItsRight(string name)
    {
        ResourceDefinition resource = SchemaCatalog.BuiltIn.Resources.Single(entry => $"{entry.GroupVersion} {entry.Name}" == name);
        bool isEverybodys = resource.Group.StartsWith("auth", StringComparison.Ordinal)
            && resource.Name.StartsWith("self", StringComparison.Ordinal);
        foreach ((string verb, string? subresource) in VerbsOf(resource))
        {
            string user = $"u-{Guid.NewGuid():N}";
            (HttpStatusCode before, string why) = await TryAsync(user, resource, verb, subresource);
            await GrantAsync(user, resource, verb, subresource);
            (HttpStatusCode after, string answer) = await TryAsync(user, resource, verb, subresource);

            Assert.True(
                isEverybodys || (before == HttpStatusCode.Forbidden && why.Contains($"cannot {verb} resource", StringComparison.Ordinal)),
                $"{verb} {name}/{subresource} without the right: {before} {why}");
            Assert.False(
                answer.Contains($"cannot {verb} resource", StringComparison.Ordinal),
                $"{verb} {name}/{subresource} with the right: {after} {answer}");
            Assert.True((int)after < 500, $"{verb} {name}/{subresource}: {after} {answer}");
        }
    }

    [Fact]
    public void ControllerRoles_AreThoseOfUpstream()
    {
        string[] names = [.. BootstrapPolicy.ClusterRoles().Select(role => role["metadata"]!["name"]!.ToString())];
        string[] bound = [.. BootstrapPolicy.ClusterRoleBindings().Select(binding => binding["metadata"]!["name"]!.ToString())];

        string[] controllers = [.. names.Where(name => name.StartsWith("system:controller:", StringComparison.Ordinal))];
        Assert.Equal(35, controllers.Length);
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Empty(controllers.Except(bound));
        Assert.Contains("system:controller:namespace-controller", controllers);
    }

    [Fact]
    public async Task Controller_ByItsAccount_MayDoItsWork()
    {
        await api.SendAsync("POST", "/api/v1/namespaces/kube-system/serviceaccounts", """{"metadata":{"name":"cronjob-controller"}}""");
        (_, JsonNode made) = await api.SendAsync("POST", "/api/v1/namespaces/kube-system/serviceaccounts/cronjob-controller/token", "{}");
        using HttpClient controller = api.Server.Stranger();
        controller.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", made["status"]!["token"]!.ToString());

        using HttpResponseMessage jobs = await controller.GetAsync("/apis/batch/v1/jobs", Token);
        using HttpResponseMessage secrets = await controller.GetAsync("/api/v1/secrets", Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (jobs.StatusCode, secrets.StatusCode));
    }

    private static IEnumerable<(string Verb, string? Subresource)> VerbsOf(ResourceDefinition resource) =>
    [
        .. resource.Verbs.Select(verb => (verb, (string?)null)),
        .. resource.Subresources.SelectMany(part => part.Verbs.Select(verb => (verb, (string?)part.Name))),
    ];

    private async Task GrantAsync(string user, ResourceDefinition resource, string verb, string? subresource)
    {
        string full = subresource is null ? resource.Name : $"{resource.Name}/{subresource}";
        await api.SendAsync("POST", $"{Rbac}/clusterroles", $$$"""
            {"metadata":{"name":"{{{user}}}"},"rules":[{"apiGroups":["{{{resource.Group}}}"],"resources":["{{{full}}}"],"verbs":["{{{verb}}}"]}]}
            """);
        (int code, JsonNode made) = await api.SendAsync("POST", $"{Rbac}/clusterrolebindings", $$$"""
            {"metadata":{"name":"{{{user}}}"},"subjects":[{"kind":"User","name":"{{{user}}}","apiGroup":"rbac.authorization.k8s.io"}],
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{user}}}"} }
            """);
        Assert.True(code == 201, made.ToJsonString());
    }

    /// <summary>Asks for something that is not there, so that a right changes nothing but the answer.</summary>
    private async Task<(HttpStatusCode Code, string Body)> TryAsync(
        string user, ResourceDefinition resource, string verb, string? subresource)
    {
        string root = resource.Group.Length == 0 ? "/api/v1" : $"/apis/{resource.GroupVersion}";
        string place = resource.IsNamespaced ? "/namespaces/default" : "";
        bool isOfAll = verb is "list" or "watch" or "deletecollection" || (verb == "create" && subresource is null);
        string path = isOfAll ? $"{root}{place}/{resource.Name}" : $"{root}{place}/{resource.Name}/{Nothing}";
        path += subresource is null ? "" : $"/{subresource}";
        path += verb switch
        {
            "watch" => "?watch=true&timeoutSeconds=1&labelSelector=none",
            "deletecollection" => "?labelSelector=none&dryRun=All",
            _ => "?dryRun=All",
        };
        using HttpClient client = api.Server.Client(user);
        using HttpRequestMessage request = new(MethodOf(verb), path);
        request.Content = verb is "create" or "update" or "patch"
            ? new StringContent("{}", Encoding.UTF8, verb == "patch" ? "application/merge-patch+json" : "application/json")
            : null;
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        return (response.StatusCode, response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(Token));
    }

    private static HttpMethod MethodOf(string verb) => verb switch
    {
        "create" => HttpMethod.Post,
        "update" => HttpMethod.Put,
        "patch" => HttpMethod.Patch,
        "delete" or "deletecollection" => HttpMethod.Delete,
        _ => HttpMethod.Get,
    };
}
