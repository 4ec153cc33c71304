using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Authorization;

/// <summary>The roles and bindings that every cluster has (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).</summary>
internal static class BootstrapPolicy
{
    private const string ApiVersion = "rbac.authorization.k8s.io/v1";
    private const string ApiGroup = "rbac.authorization.k8s.io";
    private const string ControllerPrefix = "system:controller:";
    private const string SystemNamespace = "kube-system";
    private const string PublicNamespace = "kube-public";
    private const string AggregateLabel = "rbac.authorization.k8s.io/aggregate-to-";

    // Each is part of the next.
    private static readonly ImmutableArray<string> Aggregated = ["view", "edit", "admin"];

    private static readonly ImmutableArray<(string Binding, string Role, string Kind, string Name)> ClusterBindings =
    [
        ("cluster-admin", "cluster-admin", "Group", "system:masters"),
        ("system:monitoring", "system:monitoring", "Group", "system:monitoring"),
        ("system:discovery", "system:discovery", "Group", "system:authenticated"),
        ("system:basic-user", "system:basic-user", "Group", "system:authenticated"),
        ("system:public-info-viewer", "system:public-info-viewer", "Group", "system:authenticated"),
        ("system:node-proxier", "system:node-proxier", "User", "system:kube-proxy"),
        ("system:kube-controller-manager", "system:kube-controller-manager", "User", "system:kube-controller-manager"),
        ("system:kube-dns", "system:kube-dns", "ServiceAccount", "kube-dns"),
        ("system:kube-scheduler", "system:kube-scheduler", "User", "system:kube-scheduler"),
        ("system:volume-scheduler", "system:volume-scheduler", "User", "system:kube-scheduler"),
        ("system:service-account-issuer-discovery", "system:service-account-issuer-discovery", "Group", "system:serviceaccounts"),
    ];

    private static readonly ImmutableArray<NamespaceRole> NamespaceRoles =
    [
        new(SystemNamespace, "extension-apiserver-authentication-reader", "system::extension-apiserver-authentication-reader")
        {
            Rules = [Core("configmaps", ["get", "list", "watch"], "extension-apiserver-authentication")],
            Users = ["system:kube-controller-manager", "system:kube-scheduler"],
        },
        new(SystemNamespace, "system:controller:bootstrap-signer", "system:controller:bootstrap-signer")
        {
            Rules = [Core("secrets", ["get", "list", "watch"])],
            Accounts = ["bootstrap-signer"],
        },
        new(SystemNamespace, "system:controller:token-cleaner", "system:controller:token-cleaner")
        {
            Rules = [Core("secrets", ["delete", "get", "list", "watch"]), Events],
            Accounts = ["token-cleaner"],
        },
        new(SystemNamespace, "system::leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager")
        {
            Rules =
            [
                Core("configmaps", ["watch"]),
                Core("configmaps", ["get", "update"], "kube-controller-manager"),
                new(["create", "get", "list", "update", "watch"], ["coordination.k8s.io"], ["leases"], [], []),
            ],
            Users = ["system:kube-controller-manager"],
            Accounts = ["kube-controller-manager", "leader-election-controller"],
        },
        new(SystemNamespace, "system::leader-locking-kube-scheduler", "system::leader-locking-kube-scheduler")
        {
            Rules = [Core("configmaps", ["watch"]), Core("configmaps", ["get", "update"], "kube-scheduler")],
            Users = ["system:kube-scheduler"],
            Accounts = ["kube-scheduler"],
        },
        new(PublicNamespace, "system:controller:bootstrap-signer", "system:controller:bootstrap-signer")
        {
            Rules = [Core("configmaps", ["get", "list", "watch"]), Core("configmaps", ["update"], "cluster-info"), Events],
            Accounts = ["bootstrap-signer"],
        },
    ];

    private static readonly Lazy<ImmutableArray<(string Role, PolicyRule Rule)>> Facts = new(Read);

    /// <summary>What nodes may do, as far as it is theirs.</summary>
    public static ImmutableArray<PolicyRule> NodeRules { get; } = RulesOf("system:node");

    public static IEnumerable<JsonObject> ClusterRoles()
    {
        List<JsonObject> roles = [.. RolesOfFacts()];
        for (int i = 0; i < Aggregated.Length; i++)
        {
            JsonObject role = Named("ClusterRole", Aggregated[i]);
            if (i + 1 < Aggregated.Length)
            {
                role.Metadata()["labels"]![AggregateLabel + Aggregated[i + 1]] = "true"; // all of them have labels
            }

            role["aggregationRule"] = new JsonObject
            {
                ["clusterRoleSelectors"] = new JsonArray(new JsonObject
                {
                    ["matchLabels"] = new JsonObject { [AggregateLabel + Aggregated[i]] = "true" },
                }),
            };

            // As the controller would make them, so that they are there from the start.
            role["rules"] = ClusterRoleAggregation.Compute(role, roles);
            roles.Add(role);
        }

        return roles;
    }

    private static IEnumerable<JsonObject> RolesOfFacts()
    {
        foreach (string name in Facts.Value.Select(fact => fact.Role).Distinct())
        {
            JsonObject role = Named("ClusterRole", name);
            role["rules"] = new JsonArray([.. RulesOf(name).Select(rule => rule.ToJson())]);
            foreach (string target in Aggregated.Where(target => name == $"system:aggregate-to-{target}"))
            {
                role.Metadata()["labels"]![AggregateLabel + target] = "true"; // all of them have labels
            }

            yield return role;
        }
    }

    public static IEnumerable<JsonObject> ClusterRoleBindings()
    {
        foreach ((string name, string role, string kind, string subject) in ClusterBindings)
        {
            JsonObject binding = Named("ClusterRoleBinding", name);
            JsonObject entry = new() { ["kind"] = kind, ["name"] = subject };
            entry[kind == "ServiceAccount" ? "namespace" : "apiGroup"] = kind == "ServiceAccount" ? "kube-system" : ApiGroup;
            binding["roleRef"] = new JsonObject { ["apiGroup"] = ApiGroup, ["kind"] = "ClusterRole", ["name"] = role };
            binding["subjects"] = new JsonArray(entry);
            yield return binding;
        }

        foreach (string name in Facts.Value.Select(fact => fact.Role).Distinct())
        {
            if (name.StartsWith(ControllerPrefix, StringComparison.Ordinal))
            {
                yield return Bound("ClusterRoleBinding", name, "ClusterRole", [Account(name[ControllerPrefix.Length..])]);
            }
        }
    }

    /// <summary>The roles of single namespaces (bootstrappolicy/namespace_policy.go).</summary>
    public static IEnumerable<(string Namespace, JsonObject Role)> Roles() => NamespaceRoles.Select(entry =>
    {
        JsonObject role = Named("Role", entry.Name);
        role["rules"] = new JsonArray([.. entry.Rules.Select(rule => rule.ToJson())]);
        return (entry.Namespace, role);
    });

    public static IEnumerable<(string Namespace, JsonObject Binding)> RoleBindings() => NamespaceRoles
        .Select(entry => (entry.Namespace, Bound(
            "RoleBinding",
            entry.Binding,
            "Role",
            [.. entry.Users.Select(User), .. entry.Accounts.Select(Account)],
            entry.Name)));

    private static JsonObject Bound(string kind, string name, string roleKind, JsonObject[] subjects, string? role = null)
    {
        JsonObject binding = Named(kind, name);
        binding["roleRef"] = new JsonObject { ["apiGroup"] = ApiGroup, ["kind"] = roleKind, ["name"] = role ?? name };
        binding["subjects"] = new JsonArray([.. subjects]);
        return binding;
    }

    private static JsonObject User(string name) => new() { ["kind"] = "User", ["apiGroup"] = ApiGroup, ["name"] = name };

    private static JsonObject Account(string name) =>
        new() { ["kind"] = "ServiceAccount", ["namespace"] = SystemNamespace, ["name"] = name };

    private static ImmutableArray<PolicyRule> RulesOf(string role) =>
        [.. Facts.Value.Where(fact => fact.Role == role).Select(fact => fact.Rule)];

    private static PolicyRule Events => new(["create", "patch", "update"], ["", "events.k8s.io"], ["events"], [], []);

    private static PolicyRule Core(string resource, ImmutableArray<string> verbs, params ImmutableArray<string> names) =>
        new(verbs, [""], [resource], names, []);

    private static JsonObject Named(string kind, string name) => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
            ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
        },
    };

    private static ImmutableArray<(string Role, PolicyRule Rule)> Read()
    {
        using Stream stream = typeof(BootstrapPolicy).Assembly.GetManifestResourceStream("bootstrap-roles.tsv")
            ?? throw new FileNotFoundException("The program does not contain bootstrap-roles.tsv.");
        using StreamReader reader = new(stream);
        return
        [
            .. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !line.StartsWith('#'))
                .Select(line => line.Split('\t'))
                .Select(cells => (cells[0], Rule(cells))),
        ];
    }

    private static PolicyRule Rule(string[] cells)
    {
        ImmutableArray<string> verbs = [.. cells[1].Split(',')];
        ImmutableArray<string> objects = [.. cells[3].Split(',')];
        ImmutableArray<string> groups = [.. cells[2].Split(',').Select(group => group == "core" ? "" : group)];
        ImmutableArray<string> names = cells.Length > 4 ? [.. cells[4].Split(',')] : [];
        return cells[2] == "-"
            ? new PolicyRule(verbs, [], [], [], objects)
            : new PolicyRule(verbs, groups, objects, names, []);
    }
}

/// <summary>A role of one namespace and who has it; the accounts are those of kube-system.</summary>
internal sealed record NamespaceRole(string Namespace, string Name, string Binding)
{
    public ImmutableArray<PolicyRule> Rules { get; init; } = [];

    public ImmutableArray<string> Users { get; init; } = [];

    public ImmutableArray<string> Accounts { get; init; } = [];
}
