using System.Globalization;

namespace Noded.Linux.Processes;

/// <summary>
/// A process that can be recognised after our own restart: its number together with its start time and the boot they
/// belong to, because numbers and times are used again.
/// </summary>
/// <param name="StartTime">Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)).</param>
/// <param name="BootId">Random, made by the kernel at each boot.</param>
public readonly record struct ProcessIdentity(int Pid, long StartTime, string BootId)
{
    private static readonly string ThisBoot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The process that has this number now; null when there is none.</summary>
    public static ProcessIdentity? TryRead(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");

            // The name in parentheses may hold spaces and parentheses itself; what follows the last one does not.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z"
                ? null
                : new ProcessIdentity(pid, long.Parse(fields[19], CultureInfo.InvariantCulture), ThisBoot);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null;
        }
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote; null when the file is missing or the process has ended.</summary>
    public static ProcessIdentity? TryReadAlive(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        string[] words = File.ReadAllText(file).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 3
            || !int.TryParse(words[0], CultureInfo.InvariantCulture, out int pid)
            || !long.TryParse(words[1], CultureInfo.InvariantCulture, out long startTime))
        {
            return null;
        }

        ProcessIdentity written = new(pid, startTime, words[2]);
        return TryRead(pid) == written ? written : null;
    }

    /// <summary>Writes number, start time and boot, replacing the file in one step.</summary>
    public void WriteTo(string file)
    {
        string temporary = file + ".new";
        File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTime} {BootId}\n"));
        File.Move(temporary, file, overwrite: true);
    }
}
