using System.Globalization;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>Whether a text is a schedule as CronJobs have it; the messages are those of upstream's parser.</summary>
internal static class CronSchedule
{
    private static readonly string[] Descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Bounds[] Fields =
        [new(0, 59, []), new(0, 23, []), new(1, 31, []), new(1, 12, Months), new(0, 6, Days)];

    /// <summary>What is wrong with it; null if it is one.</summary>
    public static string? Error(string schedule)
    {
        string text = WithoutZone(schedule);
        if (text.StartsWith('@'))
        {
            return DescriptorError(text);
        }

        string[] fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Fields.Length)
        {
            return $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        }

        return fields
            .SelectMany((field, index) => field.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(range => RangeError(range, Fields[index])))
            .FirstOrDefault(error => error is not null);
    }

    private static string WithoutZone(string schedule) =>
        schedule.StartsWith("TZ=", StringComparison.Ordinal) || schedule.StartsWith("CRON_TZ=", StringComparison.Ordinal)
            ? schedule[(schedule.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim()
            : schedule;

    private static string? DescriptorError(string text)
    {
        const string Every = "@every ";
        if (text.StartsWith(Every, StringComparison.Ordinal))
        {
            string duration = text[Every.Length..];
            return GoDuration.Parse(duration) != 0 || duration == "0s"
                ? null
                : $"failed to parse duration {text}: time: invalid duration \"{duration}\"";
        }

        return Descriptors.Contains(text) ? null : $"unrecognized descriptor: {text}";
    }

    private static string? RangeError(string text, Bounds bounds)
    {
        string[] parts = text.Split('/');
        string[] ends = parts[0].Split('-');
        bool isAll = ends[0] is "*" or "?";
        bool isOne = ends.Length == 1;
        long first = bounds.Least;
        long last = bounds.Most;
        string? error = null;
        if (!isAll)
        {
            error = ends.Length > 2 ? $"too many hyphens: {text}" : Read(ends[0], bounds, out first);
            last = first;
            if (error is null && ends.Length == 2)
            {
                error = Read(ends[1], bounds, out last);
            }
        }

        long step = 1;
        if (error is null && parts.Length == 2)
        {
            error = Read(parts[1], new Bounds(0, long.MaxValue, []), out step);
            last = isOne ? bounds.Most : last;
        }

        return error
            ?? (parts.Length > 2 ? $"too many slashes: {text}"
            : first < bounds.Least ? $"beginning of range ({first}) below minimum ({bounds.Least}): {text}"
            : last > bounds.Most ? $"end of range ({last}) above maximum ({bounds.Most}): {text}"
            : first > last ? $"beginning of range ({first}) beyond end of range ({last}): {text}"
            : step == 0 ? $"step of range should be a positive number: {text}"
            : null);
    }

    private static string? Read(string text, Bounds bounds, out long number)
    {
        int named = Array.IndexOf(bounds.Names, text.ToLowerInvariant());
        if (named >= 0)
        {
            number = bounds.Least + named;
            return null;
        }

        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
        {
            return $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax";
        }

        return number < 0 ? $"negative number ({number}) not allowed: {text}" : null;
    }

    /// <summary>What a field may have: numbers, and names for them in their order.</summary>
    private sealed record Bounds(long Least, long Most, string[] Names);
}
