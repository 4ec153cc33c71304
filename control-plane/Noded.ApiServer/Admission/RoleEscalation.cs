using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;

namespace Noded.ApiServer.Admission;

/// <summary>
/// Nobody grants what they do not have, unless they may <c>escalate</c> the role or <c>bind</c> it
/// (pkg/registry/rbac/*/policybased).
/// </summary>
internal sealed class RoleEscalation(AccessGate gate) : IAdmissionPlugin
{
    private const string Group = "rbac.authorization.k8s.io";

    private static readonly ImmutableArray<PolicyRule> Everything =
        [new(["*"], ["*"], ["*"], [], []), new(["*"], [], [], [], ["*"])];

    public Task AdmitAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        bool isGrant = admitted.Resource.Definition.Group == Group && !admitted.IsDelete;
        if (!isGrant || request.User.Groups.Contains(UserIdentity.MastersGroup))
        {
            return Task.CompletedTask;
        }

        return admitted.Resource.Definition.Name switch
        {
            "roles" or "clusterroles" => RoleAsync(request, admitted, cancellationToken),
            _ => BindingAsync(request, admitted, cancellationToken),
        };
    }

    private async Task RoleAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        JsonObject role = admitted.Object;
        bool isSame = admitted.Old is { } old
            && JsonNode.DeepEquals(role["rules"], old["rules"])
            && JsonNode.DeepEquals(role["aggregationRule"], old["aggregationRule"]);
        AccessRequest escalate = new(request.User, "escalate")
        {
            Group = Group,
            Resource = admitted.Resource.Definition.Name,
            Namespace = request.Namespace ?? "",
            Name = role.Name(),
        };
        if (isSame || await gate.AllowsAsync(escalate, cancellationToken))
        {
            return;
        }

        // Whoever chooses roles by their labels grants what others write into them later.
        IEnumerable<PolicyRule> granted = role.Object("aggregationRule") is null
            ? role.Objects("rules").Select(PolicyRule.Of)
            : Everything;
        Require(request, admitted, granted);
    }

    private async Task BindingAsync(ApiRequest request, AdmissionRequest admitted, CancellationToken cancellationToken)
    {
        JsonObject binding = admitted.Object;
        JsonObject? reference = binding.Object("roleRef");
        bool isSame = admitted.Old is { } old
            && JsonNode.DeepEquals(reference, old.Object("roleRef"))
            && JsonNode.DeepEquals(binding["subjects"], old["subjects"]);
        AccessRequest bind = new(request.User, "bind")
        {
            Group = Group,
            Resource = reference.Text("kind") == "Role" ? "roles" : "clusterroles",
            Namespace = request.Namespace ?? "",
            Name = reference.Text("name") ?? "",
        };
        if (isSame || await gate.AllowsAsync(bind, cancellationToken))
        {
            return;
        }

        string place = reference.Text("kind") == "Role" ? request.Namespace ?? "" : "";
        ImmutableArray<PolicyRule> granted = gate.RulesOfRole(place, bind.Name)
            ?? throw new ApiStatusException(
                404,
                "NotFound",
                $"{bind.Resource}.{Group} \"{bind.Name}\" not found",
                new JsonObject { ["name"] = bind.Name, ["group"] = Group, ["kind"] = bind.Resource });
        Require(request, admitted, granted);
    }

    private void Require(ApiRequest request, AdmissionRequest admitted, IEnumerable<PolicyRule> granted)
    {
        PolicyRule[] held = [.. gate.RulesFor(request.User, request.Namespace ?? "")];
        ImmutableArray<PolicyRule> missing = RuleCoverage.Missing(held, granted);
        if (missing.IsEmpty)
        {
            return;
        }

        string groups = string.Join(' ', request.User.Groups.Select(group => $"\"{group}\""));
        throw ApiStatusException.Forbidden(
            admitted.Resource.Definition,
            admitted.Object.Name(),
            $"user \"{request.User.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
            + string.Join('\n', missing.Select(RuleCoverage.Text)));
    }
}
