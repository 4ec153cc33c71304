using System.Collections.Immutable;

using Noded.Api.Validation;

namespace Noded.ApiServer.Selectors;

/// <summary>Reads the text of a label selector.</summary>
internal sealed class LabelSelectorParser(string text)
{
    private int _at;

    public ImmutableArray<LabelRequirement> Parse()
    {
        ImmutableArray<LabelRequirement>.Builder requirements = ImmutableArray.CreateBuilder<LabelRequirement>();
        do
        {
            requirements.Add(Requirement());
            SkipSpace();
        }
        while (Take(','));

        return _at == text.Length
            ? requirements.ToImmutable()
            : throw Error($"found '{text[_at..]}', expected: ',' or 'end of string'");
    }

    private LabelRequirement Requirement()
    {
        SkipSpace();
        if (Take('!'))
        {
            return new LabelRequirement(Key(), LabelOperator.DoesNotExist, []);
        }

        string key = Key();
        SkipSpace();
        if (_at == text.Length || text[_at] == ',')
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        if (Take('!'))
        {
            Expect('=');
            return new LabelRequirement(key, LabelOperator.NotIn, [Value(Word())]);
        }

        if (Take('='))
        {
            Take('=');
            return new LabelRequirement(key, LabelOperator.In, [Value(Word())]);
        }

        if (Take('>'))
        {
            return new LabelRequirement(key, LabelOperator.GreaterThan, [Number(Word())]);
        }

        if (Take('<'))
        {
            return new LabelRequirement(key, LabelOperator.LessThan, [Number(Word())]);
        }

        string word = Word();
        return word switch
        {
            "in" => new LabelRequirement(key, LabelOperator.In, Values()),
            "notin" => new LabelRequirement(key, LabelOperator.NotIn, Values()),
            _ => throw Error($"found '{word}', expected: in, notin, =, ==, !=, gt, lt"),
        };
    }

    private ImmutableArray<string> Values()
    {
        Expect('(');
        ImmutableArray<string>.Builder values = ImmutableArray.CreateBuilder<string>();
        do
        {
            values.Add(Value(Word()));
            SkipSpace();
        }
        while (Take(','));

        Expect(')');
        return values.ToImmutable();
    }

    private string Key()
    {
        string key = Word();
        return NameRules.QualifiedName(key).FirstOrDefault() is { } broken
            ? throw Error($"<nil>: Invalid value: \"{key}\": {broken}")
            : key;
    }

    private string Value(string value) => NameRules.LabelValue(value).FirstOrDefault() is { } broken
        ? throw Error($"values[0][{text}]: Invalid value: \"{value}\": {broken}")
        : value;

    private string Number(string value) => long.TryParse(value, out _)
        ? value
        : throw Error($"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer");

    private string Word()
    {
        SkipSpace();
        int start = _at;
        while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && "=!(),<>".IndexOf(text[_at], StringComparison.Ordinal) < 0)
        {
            _at++;
        }

        return text[start.._at];
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }
    }

    private bool Take(char character)
    {
        SkipSpace();
        if (_at < text.Length && text[_at] == character)
        {
            _at++;
            return true;
        }

        return false;
    }

    private void Expect(char character)
    {
        if (!Take(character))
        {
            string found = _at < text.Length ? text[_at].ToString() : "";
            throw Error($"found '{found}', expected: '{character}'");
        }
    }

    private static SelectorException Error(string message) => new($"unable to parse requirement: {message}");
}
