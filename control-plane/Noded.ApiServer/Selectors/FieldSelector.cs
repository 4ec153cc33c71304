using System.Collections.Immutable;
using System.Text;

namespace Noded.ApiServer.Selectors;

/// <summary>One condition on one field.</summary>
internal sealed record FieldRequirement(string Field, bool IsEqual, string Value);

/// <summary>Conditions on fields, all of which must hold.</summary>
internal sealed record FieldSelector(ImmutableArray<FieldRequirement> Requirements)
{
    public static FieldSelector Everything { get; } = new([]);

    public bool IsEmpty => Requirements.IsEmpty;

    /// <summary>Reads <c>metadata.name=a,status.phase!=Running</c>.</summary>
    /// <exception cref="SelectorException">It is no selector.</exception>
    public static FieldSelector Parse(string text)
    {
        ImmutableArray<FieldRequirement>.Builder requirements = ImmutableArray.CreateBuilder<FieldRequirement>();
        foreach (string term in Terms(text).Where(term => term.Length > 0))
        {
            requirements.Add(Requirement(term, text));
        }

        return new FieldSelector(requirements.ToImmutable());
    }

    /// <summary>The value that a field must have, if the selector says exactly which.</summary>
    public string? Exact(string field) =>
        Requirements.FirstOrDefault(requirement => requirement.Field == field && requirement.IsEqual)?.Value;

    private static FieldRequirement Requirement(string term, string all)
    {
        int equals = term.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || term is ['!', '=', ..])
        {
            throw new SelectorException($"invalid selector: '{all}'; can't understand '{term}'");
        }

        bool isNot = term[equals - 1] == '!';
        string field = term[..(isNot ? equals - 1 : equals)];
        string value = term[(equals + 1)..];
        return new FieldRequirement(field, !isNot, Unescape(value.StartsWith('=') ? value[1..] : value));
    }

    /// <summary>Commas and equal signs within values are escaped.</summary>
    private static IEnumerable<string> Terms(string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    private static string Unescape(string value)
    {
        StringBuilder result = new(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\')
            {
                if (i + 1 == value.Length || value[i + 1] is not ('\\' or ',' or '='))
                {
                    throw new SelectorException("invalid field selector: invalid escape sequence");
                }

                i++;
            }

            result.Append(value[i]);
        }

        return result.ToString();
    }
}
