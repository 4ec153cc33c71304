using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>Which nodes, and beside which pods, a pod wants to be.</summary>
internal static class AffinityValidator
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static void Validate(V1Affinity? affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity?.NodeAffinity is { } node)
        {
            Validate(node, path.Child("nodeAffinity"), errors);
        }

        if (affinity?.PodAffinity is { } near)
        {
            FieldPath nearPath = path.Child("podAffinity");
            Terms(near.RequiredDuringSchedulingIgnoredDuringExecution, nearPath, errors);
            Terms(near.PreferredDuringSchedulingIgnoredDuringExecution, nearPath, errors);
        }

        if (affinity?.PodAntiAffinity is { } apart)
        {
            FieldPath apartPath = path.Child("podAntiAffinity");
            Terms(apart.RequiredDuringSchedulingIgnoredDuringExecution, apartPath, errors);
            Terms(apart.PreferredDuringSchedulingIgnoredDuringExecution, apartPath, errors);
        }
    }

    private static void Validate(V1NodeAffinity affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity.RequiredDuringSchedulingIgnoredDuringExecution is { } required)
        {
            FieldPath termsPath = path.Child(Required).Child("nodeSelectorTerms");
            IList<V1NodeSelectorTerm> terms = required.NodeSelectorTerms.OrEmpty();
            if (terms.Count == 0)
            {
                errors.Required(termsPath, "must have at least one node selector term");
            }

            for (int i = 0; i < terms.Count; i++)
            {
                Term(terms[i], termsPath.Index(i), errors);
            }
        }

        IList<V1PreferredSchedulingTerm> preferred = affinity.PreferredDuringSchedulingIgnoredDuringExecution.OrEmpty();
        for (int i = 0; i < preferred.Count; i++)
        {
            FieldPath preferredPath = path.Child(Preferred).Index(i);
            Weight(preferred[i].Weight, preferredPath, errors);
            Term(preferred[i].Preference, preferredPath.Child("preference"), errors);
        }
    }

    private static void Term(V1NodeSelectorTerm? term, FieldPath path, FieldErrors errors)
    {
        IList<V1NodeSelectorRequirement> expressions = (term?.MatchExpressions).OrEmpty();
        for (int i = 0; i < expressions.Count; i++)
        {
            V1NodeSelectorRequirement requirement = expressions[i];
            RequirementValidator.Node(
                requirement.Key,
                requirement.OperatorProperty,
                [.. requirement.Values.OrEmpty()],
                path.Child("matchExpressions").Index(i),
                errors);
        }

        IList<V1NodeSelectorRequirement> fields = (term?.MatchFields).OrEmpty();
        for (int i = 0; i < fields.Count; i++)
        {
            Field(fields[i], path.Child("matchFields").Index(i), errors);
        }
    }

    private static void Field(V1NodeSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        IList<string> values = requirement.Values.OrEmpty();
        if (requirement.OperatorProperty is not ("In" or "NotIn"))
        {
            errors.Invalid(path.Child("operator"), requirement.OperatorProperty, "not a valid selector operator");
        }
        else if (values.Count != 1)
        {
            errors.Required(
                path.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        if (requirement.Key != "metadata.name")
        {
            errors.Invalid(path.Child("key"), requirement.Key, "not a valid field selector key");
            return;
        }

        for (int i = 0; i < values.Count; i++)
        {
            errors.Invalid(path.Child("values").Index(i), values[i], NameRules.Dns1123Subdomain(values[i] ?? ""));
        }
    }

    private static void Terms(IList<V1PodAffinityTerm>? terms, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < terms.OrEmpty().Count; i++)
        {
            Term(terms![i], path.Child(Required).Index(i), errors);
        }
    }

    private static void Terms(IList<V1WeightedPodAffinityTerm>? terms, FieldPath path, FieldErrors errors)
    {
        for (int i = 0; i < terms.OrEmpty().Count; i++)
        {
            FieldPath termPath = path.Child(Preferred).Index(i);
            Weight(terms![i].Weight, termPath, errors);
            Term(terms[i].PodAffinityTerm, termPath.Child("podAffinityTerm"), errors);
        }
    }

    private static void Term(V1PodAffinityTerm term, FieldPath path, FieldErrors errors)
    {
        Selector(term.LabelSelector, path.Child("labelSelector"), errors);
        Selector(term.NamespaceSelector, path.Child("namespaceSelector"), errors);
        foreach (string ns in term.Namespaces.OrEmpty())
        {
            errors.Invalid(path.Child("namespace"), ns, NameRules.Dns1123Label(ns));
        }

        if (string.IsNullOrEmpty(term.TopologyKey))
        {
            errors.Required(path.Child("topologyKey"), "can not be empty");
        }

        errors.Invalid(path.Child("topologyKey"), term.TopologyKey, NameRules.QualifiedName(term.TopologyKey ?? ""));
    }

    private static void Selector(V1LabelSelector? selector, FieldPath path, FieldErrors errors)
    {
        MetadataValidator.Labels(selector?.MatchLabels, path.Child("matchLabels"), errors);
        IList<V1LabelSelectorRequirement> expressions = (selector?.MatchExpressions).OrEmpty();
        for (int i = 0; i < expressions.Count; i++)
        {
            RequirementValidator.Label(
                expressions[i].Key,
                expressions[i].OperatorProperty,
                [.. expressions[i].Values.OrEmpty()],
                path.Child("matchExpressions").Index(i),
                errors);
        }
    }

    private static void Weight(int weight, FieldPath path, FieldErrors errors)
    {
        if (weight is <= 0 or > 100)
        {
            errors.Invalid(path.Child("weight"), weight, "must be in the range 1-100");
        }
    }
}
