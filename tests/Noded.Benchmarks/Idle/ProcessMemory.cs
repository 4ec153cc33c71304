using System.Globalization;

namespace Noded.Benchmarks.Idle;

/// <summary>A process's memory in MiB, from smaps_rollup.</summary>
/// <param name="Pss">Pages shared with other processes count in part.</param>
/// <param name="PssAnon">The part of it that no file holds.</param>
internal sealed record ProcessMemory(double Pss, double PssAnon, double Rss)
{
    private const double KibPerMib = 1024;

    internal static ProcessMemory Read(int pid)
    {
        Dictionary<string, string> fields = File.ReadLines($"/proc/{pid}/smaps_rollup")
            .Skip(1)
            .Select(line => line.Split(':'))
            .ToDictionary(parts => parts[0], parts => parts[1].Replace("kB", "", StringComparison.Ordinal));
        double Mib(string field) => long.Parse(fields[field].Trim(), CultureInfo.InvariantCulture) / KibPerMib;
        return new ProcessMemory(Mib("Pss"), Mib("Pss_Anon"), Mib("Rss"));
    }
}
