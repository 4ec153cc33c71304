using System.Collections.Immutable;
using System.Text;
using k8s.Models;

namespace Noded.Kubelet.Pods;

/// <summary>A container's environment, command and arguments with their references to variables replaced.</summary>
internal static class PodEnvironment
{
    /// <summary>The variables in the order of the manifest; each may refer to those before it.</summary>
    /// <param name="resolve">
    /// The value of a variable that is taken from elsewhere; it is used as it is. Without one there is no such variable.
    /// </param>
    internal static ImmutableArray<KeyValuePair<string, string>> Compute(
        V1Container container, Func<V1EnvVarSource, string?> resolve)
    {
        Dictionary<string, string> known = [];
        List<string> order = [];
        foreach (V1EnvVar variable in container.Env ?? [])
        {
            string? value = variable.ValueFrom is { } source
                ? resolve(source)
                : Expand(variable.Value ?? string.Empty, known);
            if (value is null)
            {
                continue;
            }

            if (!known.ContainsKey(variable.Name))
            {
                order.Add(variable.Name);
            }

            known[variable.Name] = value;
        }

        return [.. order.Select(name => KeyValuePair.Create(name, known[name]))];
    }

    internal static ImmutableArray<string> Expand(
        IEnumerable<string>? words, ImmutableArray<KeyValuePair<string, string>> environment)
    {
        Dictionary<string, string> known = environment.ToDictionary();
        return [.. (words ?? []).Select(word => Expand(word, known))];
    }

    /// <summary>
    /// Replaces <c>$(NAME)</c> by the variable; an unknown name stays as written and <c>$$</c> is one dollar sign.
    /// </summary>
    internal static string Expand(string text, IReadOnlyDictionary<string, string> variables) =>
        Expand(text, name => variables.TryGetValue(name, out string? value) ? value : null);

    /// <param name="lookup">A variable's value; null when there is none.</param>
    internal static string Expand(string text, Func<string, string?> lookup)
    {
        StringBuilder expanded = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                expanded.Append(text[i]);
                continue;
            }

            int end = text[i + 1] == '(' ? text.IndexOf(')', i + 2) : -1;
            if (text[i + 1] == '$')
            {
                expanded.Append('$');
                i++;
            }
            else if (end >= 0)
            {
                string name = text[(i + 2)..end];
                expanded.Append(lookup(name) ?? $"$({name})");
                i = end;
            }
            else
            {
                expanded.Append('$');
            }
        }

        return expanded.ToString();
    }
}
