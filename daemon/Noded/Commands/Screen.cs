using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace Noded.Commands;

/// <summary>Tables as kubectl shows them; whole lines when the output goes to a program.</summary>
internal static class Screen
{
    private const int PipeWidth = 4096;

    internal static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = PipeWidth;
        }

        AnsiConsole.Write(table);
    }

    internal static Table NewTable(params string[] columns)
    {
        Table table = new Table().NoBorder();
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(column).NoWrap().PadLeft(0).PadRight(2));
        }

        return table;
    }

    /// <summary>The text itself: brackets in it are no markup.</summary>
    internal static void AddTextRow(this Table table, params string[] cells) =>
        table.AddRow(cells.Select(cell => new Text(cell)));

    /// <summary>How long ago, as kubectl writes ages: 5s, 3m20s, 4h, 2d.</summary>
    internal static string Age(Timestamp? since, TimeProvider clock)
    {
        if (since is null)
        {
            return "<unknown>";
        }

        TimeSpan age = clock.GetUtcNow() - since.ToDateTimeOffset();
        return age switch
        {
            { TotalSeconds: < 120 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (int)age.TotalSeconds)}s"),
            { TotalMinutes: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes}m{age.Seconds}s"),
            { TotalMinutes: < 180 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes}m"),
            { TotalHours: < 48 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalHours}h"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalDays}d"),
        };
    }
}
