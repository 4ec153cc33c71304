using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Noded.Store;
using Noded.Store.Crash;
using Noded.Store.Sqlite;

// Writes to an embedded store and says on standard output what was acknowledged, for tests that kill it and look at
// what is left. Arguments: what to do, the database, and a number.
(string action, string path, int number) =
    (args[0], args[1], args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0);

await using SqliteStore store = SqliteStore.Open(new(path), TimeProvider.System, NullLogger<SqliteStore>.Instance);
RangeResult begin = await store.RangeAsync(new("/none", null), CancellationToken.None);
Report report = new(Console.OpenStandardOutput());
report.Line($"open {begin.Revision}");

switch (action)
{
    case "write":
        await Writers.RunAsync(store, report, writers: number, compacts: false);
        break;
    case "compact":
        await Writers.RunAsync(store, report, writers: number, compacts: true);
        break;
    case "fill":
        await DiskFiller.RunAsync(store, report, ballast: Path.Combine(Path.GetDirectoryName(path)!, "ballast"));
        break;
    case "measure":
        await Measurement.RunAsync(store, report, writers: number);
        break;
    default:
        await Console.Error.WriteLineAsync($"{action} is not known.");
        return 2;
}

return 0;
