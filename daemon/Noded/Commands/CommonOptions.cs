using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Noded.Api.Serialization;
using Noded.Primitives;

namespace Noded.Commands;

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    /// <summary>sun_path has 107 bytes, and the longest of our sockets adds this many to the root.</summary>
    private const int MaxRootLength = 60;

    /// <summary><c>--root</c>: where the node lives; the environment's NODED_ROOT is the default.</summary>
    internal static Option<string> Root()
    {
        Option<string> root = new("--root")
        {
            Description = "Directory that prefixes all paths of the node",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("NODED_ROOT") ?? "/",
        };
        root.Validators.Add(result =>
        {
            string value = result.GetValueOrDefault<string>() ?? string.Empty;
            if (!Path.IsPathFullyQualified(value) || value.Length > MaxRootLength)
            {
                result.AddError($"--root {value}: needs an absolute path of at most {MaxRootLength} characters.");
            }
        });
        return root;
    }

    /// <summary>Networks, separated by commas or given repeatedly; <c>none</c> for none.</summary>
    internal static Option<string[]> Cidrs(string name, string description, ImmutableArray<IPPrefix> defaults)
    {
        Option<string[]> cidrs = new(name)
        {
            Description = description,
            DefaultValueFactory = _ => [.. defaults.Select(cidr => cidr.ToString())],
        };
        cidrs.Validators.Add(result =>
        {
            foreach (string text in Split(result.GetValueOrDefault<string[]>()).Where(text => !IPPrefix.TryParse(text, out _)))
            {
                result.AddError($"{name} {text}: needs an address with a prefix length, such as 10.244.0.0/24.");
            }
        });
        return cidrs;
    }

    internal static ImmutableArray<IPPrefix> Cidrs(this ParseResult parsed, Option<string[]> cidrs) =>
        [.. Split(parsed.GetRequiredValue(cidrs)).Select(IPPrefix.Parse)];

    /// <summary>Values that were given repeatedly, or with commas between them.</summary>
    internal static IEnumerable<string> Split(string[]? values) =>
        (values ?? []).SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries)).Where(text => text != "none");

    /// <summary><c>--since</c>: a duration as Go writes it, of hours, minutes and seconds.</summary>
    internal static Option<TimeSpan?> Since(string description) => new("--since")
    {
        Description = description,
        CustomParser = result => ParseDuration("--since", result),
    };

    /// <summary>A duration as Go writes it, with a value for those who do not say.</summary>
    internal static Option<TimeSpan> Duration(string name, string description, TimeSpan value) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => ParseDuration(name, result) ?? value,
    };

    /// <summary><c>--since-time</c>: RFC 3339.</summary>
    internal static Option<DateTimeOffset?> SinceTime(string description) => new("--since-time")
    {
        Description = description,
        CustomParser = result =>
        {
            if (DateTimeOffset.TryParse(
                result.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
            {
                return time;
            }

            result.AddError($"--since-time {result.Tokens[0].Value}: needs a time such as 2026-01-31T12:00:00Z.");
            return null;
        },
    };

    internal static Option<string> Output()
    {
        Option<string> output = new("--output", "-o")
        {
            Description = "table for people, json for programs",
            DefaultValueFactory = _ => "table",
        };
        output.AcceptOnlyFromAmong("table", "json");
        return output;
    }

    private static TimeSpan? ParseDuration(string name, ArgumentResult result)
    {
        TimeSpan? duration = ApiDuration.TryParse(result.Tokens[0].Value);
        if (duration is null)
        {
            result.AddError($"{name} {result.Tokens[0].Value}: needs a duration such as 90s, 5m or 1h30m.");
        }

        return duration;
    }

    internal static NodePaths Paths(this ParseResult parsed, Option<string> root)
    {
        string value = parsed.GetRequiredValue(root);
        return new NodePaths(value == "/" ? value : value.TrimEnd('/'));
    }
}
