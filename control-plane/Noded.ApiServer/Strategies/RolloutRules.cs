using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for how pods of a template are replaced by those of another (pkg/apis/apps/validation).</summary>
internal static class RolloutRules
{
    public static void Deployment(JsonObject? strategy, FieldPath path, FieldErrors errors)
    {
        FieldPath rollingPath = path.Child("rollingUpdate");
        JsonObject? rolling = strategy.Object("rollingUpdate");
        switch (strategy.Text("type"))
        {
            case "Recreate" when rolling is not null:
                errors.Forbidden(rollingPath, "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                AmountRules.NumberOrPercent(rolling?["maxUnavailable"], rollingPath.Child("maxUnavailable"), errors);
                AmountRules.NumberOrPercent(rolling?["maxSurge"], rollingPath.Child("maxSurge"), errors);
                if (AmountRules.Number(rolling?["maxUnavailable"]) == 0 && AmountRules.Number(rolling?["maxSurge"]) == 0)
                {
                    errors.InvalidPart(
                        rollingPath.Child("maxUnavailable"), rolling?["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
                }

                AmountRules.AtMostAll(rolling?["maxUnavailable"], rollingPath.Child("maxUnavailable"), errors);
                break;
            default:
                break;
        }
    }

    public static void DaemonSet(JsonObject? strategy, FieldPath path, FieldErrors errors)
    {
        if (strategy.Text("type") != "RollingUpdate")
        {
            return;
        }

        FieldPath rollingPath = path.Child("rollingUpdate");
        JsonObject? rolling = strategy.Object("rollingUpdate");
        foreach (string name in (ReadOnlySpan<string>)["maxUnavailable", "maxSurge"])
        {
            AmountRules.NumberOrPercent(rolling?[name], rollingPath.Child(name), errors);
            AmountRules.AtMostAll(rolling?[name], rollingPath.Child(name), errors);
        }

        switch (AmountRules.Number(rolling?["maxUnavailable"]), AmountRules.Number(rolling?["maxSurge"]))
        {
            case (0, 0):
                errors.Required(rollingPath.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
                break;
            case (not 0, not 0):
                errors.InvalidPart(rollingPath.Child("maxSurge"), rolling?["maxSurge"], "may not be set when maxUnavailable is non-zero");
                break;
            default:
                break;
        }
    }

    public static void StatefulSet(JsonObject? strategy, FieldPath path, FieldErrors errors)
    {
        FieldPath rollingPath = path.Child("rollingUpdate");
        JsonObject? rolling = strategy.Object("rollingUpdate");
        switch (strategy.Text("type"))
        {
            case "OnDelete" when rolling is not null:
                errors.InvalidPart(rollingPath, rolling, "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate" when rolling is not null:
                errors.NonNegative(rollingPath.Child("partition"), rolling.Integer("partition"));
                FieldPath most = rollingPath.Child("maxUnavailable");
                AmountRules.NumberOrPercent(rolling["maxUnavailable"], most, errors);
                if (rolling["maxUnavailable"] is { } value && AmountRules.Number(value) == 0)
                {
                    errors.InvalidPart(most, value, "cannot be 0");
                }

                AmountRules.AtMostAll(rolling["maxUnavailable"], most, errors);
                break;
            default:
                break;
        }
    }
}
