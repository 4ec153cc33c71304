using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>
/// Restart policies of single containers (KEP-753 sidecars, KEP-5307 restart rules), and what only containers that
/// keep running may have.
/// </summary>
internal static class ContainerRestartValidator
{
    internal const int MaxRules = 20;
    internal const int MaxExitCodes = 255;

    public static void Validate(V1Container container, FieldPath path, bool isInit, FieldErrors errors)
    {
        FieldPath policyPath = path.Child("restartPolicy");
        errors.AllowOneOf(policyPath, container.RestartPolicy, "Always", "OnFailure", "Never");
        if (isInit && container.RestartPolicy != "Always")
        {
            RunsToCompletion(container, path, errors);
        }

        IList<V1ContainerRestartRule> rules = container.RestartPolicyRules.OrEmpty();
        FieldPath rulesPath = path.Child("restartPolicyRules");
        if (rules.Count > 0 && container.RestartPolicy is null)
        {
            errors.Required(policyPath, "must specify restartPolicy when restart rules are used");
        }

        if (rules.Count > MaxRules)
        {
            errors.TooMany(rulesPath, rules.Count, MaxRules);
        }

        for (int i = 0; i < rules.Count; i++)
        {
            Rule(rules[i], rulesPath.Index(i), errors);
        }
    }

    private static void RunsToCompletion(V1Container container, FieldPath path, FieldErrors errors)
    {
        const string Message = "may not be set for init containers without restartPolicy=Always";
        Forbid("lifecycle", container.Lifecycle);
        Forbid("livenessProbe", container.LivenessProbe);
        Forbid("readinessProbe", container.ReadinessProbe);
        Forbid("startupProbe", container.StartupProbe);

        void Forbid(string field, object? value)
        {
            if (value is not null)
            {
                errors.Forbidden(path.Child(field), Message);
            }
        }
    }

    private static void Rule(V1ContainerRestartRule rule, FieldPath path, FieldErrors errors)
    {
        errors.RequireOneOf(path.Child("action"), rule.Action, "Restart", "RestartAllContainers");

        FieldPath codesPath = path.Child("exitCodes");
        if (rule.ExitCodes is null)
        {
            errors.Required(codesPath, "must be specified");
            return;
        }

        errors.RequireOneOf(codesPath.Child("operator"), rule.ExitCodes.OperatorProperty, "In", "NotIn");
        int count = rule.ExitCodes.Values.OrEmpty().Count;
        if (count == 0)
        {
            errors.Required(codesPath.Child("values"), "must have at least 1 value");
        }
        else if (count > MaxExitCodes)
        {
            errors.TooMany(codesPath.Child("values"), count, MaxExitCodes);
        }
    }
}
