using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Authorization;

/// <summary>All roles and bindings at one moment, found by whom they are for.</summary>
internal sealed class RbacSnapshot
{
    private const string Prefix = "/registry/rbac.authorization.k8s.io/";

    private readonly Dictionary<string, ImmutableArray<PolicyRule>> _roles = new(StringComparer.Ordinal);

    // By namespace, the empty one for everywhere, and subject: what somebody may do there.
    private readonly Dictionary<(string Namespace, Subject Subject), List<ImmutableArray<PolicyRule>>> _granted = [];

    /// <param name="documents">All of them, by their keys.</param>
    /// <param name="revision">Up to which changes are in them.</param>
    public RbacSnapshot(IReadOnlyDictionary<string, JsonObject> documents, long revision)
    {
        Revision = revision;
        ClusterRoles = [.. documents.Where(pair => IsOf(pair.Key, "clusterroles")).Select(pair => pair.Value)];
        foreach ((string key, JsonObject document) in documents)
        {
            if (IsOf(key, "clusterroles") || IsOf(key, "roles"))
            {
                _roles[Key(document.Namespace(), document.Name())] = [.. document.Objects("rules").Select(PolicyRule.Of)];
            }
        }

        foreach ((string key, JsonObject document) in documents)
        {
            if (IsOf(key, "clusterrolebindings") || IsOf(key, "rolebindings"))
            {
                Grant(document, document.Namespace());
            }
        }
    }

    public long Revision { get; }

    public ImmutableArray<JsonObject> ClusterRoles { get; }

    public bool Allows(AccessRequest request)
    {
        foreach (PolicyRule rule in RulesFor(request.User, request.Path is null ? request.Namespace : ""))
        {
            if (rule.Allows(request))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What somebody may do in a namespace, or in none.</summary>
    public IEnumerable<PolicyRule> RulesFor(UserIdentity user, string ns)
    {
        IEnumerable<PolicyRule> everywhere = RulesIn("", user);
        return ns.Length == 0 ? everywhere : everywhere.Concat(RulesIn(ns, user));
    }

    /// <summary>What a role allows; null if there is none.</summary>
    /// <param name="ns">Where it is; empty for a ClusterRole.</param>
    /// <param name="name">Its name.</param>
    public ImmutableArray<PolicyRule>? RulesOfRole(string ns, string name) =>
        _roles.TryGetValue(Key(ns, name), out ImmutableArray<PolicyRule> rules) ? rules : null;

    private IEnumerable<PolicyRule> RulesIn(string ns, UserIdentity user)
    {
        foreach (PolicyRule rule in RulesOf(ns, new Subject(IsGroup: false, user.Name)))
        {
            yield return rule;
        }

        foreach (string group in user.Groups)
        {
            foreach (PolicyRule rule in RulesOf(ns, new Subject(IsGroup: true, group)))
            {
                yield return rule;
            }
        }
    }

    private IEnumerable<PolicyRule> RulesOf(string ns, Subject subject) =>
        _granted.TryGetValue((ns, subject), out List<ImmutableArray<PolicyRule>>? granted)
            ? granted.SelectMany(rules => rules)
            : [];

    private void Grant(JsonObject binding, string ns)
    {
        JsonObject? reference = binding.Object("roleRef");
        string place = reference.Text("kind") == "Role" ? ns : "";
        if (RulesOfRole(place, reference.Text("name") ?? "") is not { } rules)
        {
            return;
        }

        foreach (Subject subject in binding.Objects("subjects").Select(entry => SubjectOf(entry, ns)).OfType<Subject>().Distinct())
        {
            if (!_granted.TryGetValue((ns, subject), out List<ImmutableArray<PolicyRule>>? granted))
            {
                _granted[(ns, subject)] = granted = [];
            }

            granted.Add(rules);
        }
    }

    private static Subject? SubjectOf(JsonObject subject, string ns)
    {
        string name = subject.Text("name") ?? "";
        return subject.Text("kind") switch
        {
            "User" => new Subject(IsGroup: false, name),
            "Group" => new Subject(IsGroup: true, name),
            "ServiceAccount" => new Subject(IsGroup: false, $"system:serviceaccount:{subject.Text("namespace") ?? ns}:{name}"),
            _ => null,
        };
    }

    private static bool IsOf(string key, string resource) =>
        key.AsSpan(Prefix.Length).StartsWith(resource) && key[Prefix.Length + resource.Length] == '/';

    private static string Key(string ns, string name) => $"{ns}/{name}";

    /// <summary>A user, ServiceAccounts among them, or a group.</summary>
    private readonly record struct Subject(bool IsGroup, string Name);
}
