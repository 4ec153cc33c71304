using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;

namespace Noded.ApiServer.Authorization;

/// <summary>All roles and bindings at one moment.</summary>
internal sealed class RbacSnapshot
{
    private const string Prefix = "/registry/rbac.authorization.k8s.io/";

    private readonly Dictionary<string, ImmutableArray<PolicyRule>> _roles = new(StringComparer.Ordinal);
    private readonly List<JsonObject> _clusterBindings = [];
    private readonly Dictionary<string, List<JsonObject>> _bindings = new(StringComparer.Ordinal);

    public RbacSnapshot(IReadOnlyDictionary<string, JsonObject> documents)
    {
        JsonObject[] clusterRoles = [.. documents.Where(pair => IsOf(pair.Key, "clusterroles")).Select(pair => pair.Value)];
        foreach ((string key, JsonObject document) in documents)
        {
            if (IsOf(key, "clusterroles") || IsOf(key, "roles"))
            {
                _roles[Key(document.Namespace(), document.Name())] = [.. RulesOf(document, clusterRoles)];
            }
            else if (IsOf(key, "clusterrolebindings"))
            {
                _clusterBindings.Add(document);
            }
            else if (IsOf(key, "rolebindings"))
            {
                if (!_bindings.TryGetValue(document.Namespace(), out List<JsonObject>? list))
                {
                    list = [];
                    _bindings[document.Namespace()] = list;
                }

                list.Add(document);
            }
        }
    }

    public bool Allows(AccessRequest request) =>
        RulesFor(request.User, request.Path is null ? request.Namespace : "").Any(rule => rule.Allows(request));

    /// <summary>What somebody may do in a namespace, or in none.</summary>
    public IEnumerable<PolicyRule> RulesFor(UserIdentity user, string ns)
    {
        IEnumerable<PolicyRule> everywhere = _clusterBindings
            .Where(binding => Names(binding, user, ""))
            .SelectMany(binding => RulesOfReference(binding, ""));
        return ns.Length == 0
            ? everywhere
            : everywhere.Concat(_bindings.GetValueOrDefault(ns, [])
                .Where(binding => Names(binding, user, ns))
                .SelectMany(binding => RulesOfReference(binding, ns)));
    }

    /// <summary>What a role allows; null if there is none.</summary>
    /// <param name="ns">Where it is; empty for a ClusterRole.</param>
    /// <param name="name">Its name.</param>
    public ImmutableArray<PolicyRule>? RulesOfRole(string ns, string name) =>
        _roles.TryGetValue(Key(ns, name), out ImmutableArray<PolicyRule> rules) ? rules : null;

    private static bool IsOf(string key, string resource) =>
        key.AsSpan(Prefix.Length).StartsWith(resource) && key[Prefix.Length + resource.Length] == '/';

    private static string Key(string ns, string name) => $"{ns}/{name}";

    private static IEnumerable<PolicyRule> RulesOf(JsonObject role, JsonObject[] clusterRoles)
    {
        JsonObject[] selectors = [.. role.Object("aggregationRule").Objects("clusterRoleSelectors")];
        IEnumerable<JsonObject> sources = selectors.Length == 0
            ? [role]
            : clusterRoles.Where(other => other.Name() != role.Name()
                && selectors.Any(selector => LabelSelector.Of(selector).Matches(other.Labels())));
        return sources.SelectMany(source => source.Object("aggregationRule") is null || selectors.Length == 0
            ? source.Objects("rules").Select(PolicyRule.Of)
            : RulesOf(source, [.. clusterRoles.Where(other => other.Name() != role.Name())]));
    }

    private ImmutableArray<PolicyRule> RulesOfReference(JsonObject binding, string ns)
    {
        JsonObject? reference = binding.Object("roleRef");
        string place = reference.Text("kind") == "Role" ? ns : "";
        return _roles.GetValueOrDefault(Key(place, reference.Text("name") ?? ""), []);
    }

    private static bool Names(JsonObject binding, UserIdentity user, string ns) =>
        binding.Objects("subjects").Any(subject => subject.Text("kind") switch
        {
            "User" => subject.Text("name") == user.Name,
            "Group" => user.Groups.Contains(subject.Text("name") ?? ""),
            "ServiceAccount" =>
                user.Name == $"system:serviceaccount:{subject.Text("namespace") ?? ns}:{subject.Text("name")}",
            _ => false,
        });
}
