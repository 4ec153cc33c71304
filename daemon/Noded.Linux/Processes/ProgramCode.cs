using System.Globalization;
using Noded.Linux.Interop;

namespace Noded.Linux.Processes;

/// <summary>The pages of this program's own file that are mapped and that nothing has written: code and constants.</summary>
public static class ProgramCode
{
    private const string Anonymous = "Anonymous:";

    /// <summary>
    /// Lets go of all of them; what is used again is mapped again, from the page cache. After a start most of them are
    /// there for the start alone, and for being neighbours of what was needed.
    /// </summary>
    /// <returns>Bytes of the mappings that were let go of.</returns>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static long Release()
    {
        string program = Environment.ProcessPath ?? "";
        (nuint Start, nuint End)? mapping = null;
        long released = 0;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (TryParseMapping(line, program, out (nuint Start, nuint End)? found))
            {
                mapping = found;
            }
            else if (line.StartsWith(Anonymous, StringComparison.Ordinal) && mapping is { } own)
            {
                // What the loader has filled in and then protected differs from the file: that must stay.
                if (line[Anonymous.Length..].Trim() == "0 kB")
                {
                    Release(own.Start, own.End);
                    released += (long)(own.End - own.Start);
                }

                mapping = null;
            }
        }

        return released;
    }

    /// <summary>A mapping's first line: range, permissions, offset, device, inode, path.</summary>
    /// <param name="own">Null unless it is one of the program's that is private and cannot be written.</param>
    /// <returns>Whether the line begins a mapping.</returns>
    private static bool TryParseMapping(string line, string program, out (nuint Start, nuint End)? own)
    {
        own = null;
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        if (fields is not [string range, { Length: 4 } permissions, _, _, _, ..] || range.Split('-') is not [string first, string last])
        {
            return false;
        }

        if (permissions is "r--p" or "r-xp" && fields.Length == 6 && fields[5] == program)
        {
            own = (
                nuint.Parse(first, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                nuint.Parse(last, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        return true;
    }

    private static void Release(nuint start, nuint end)
    {
        if (LibC.madvise((nint)start, end - start, LibC.MADV_DONTNEED) < 0)
        {
            throw LinuxException.FromLastError($"let go of the program's pages at {start:x}");
        }
    }
}
