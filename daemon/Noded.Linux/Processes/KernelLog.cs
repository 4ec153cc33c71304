using System.Text;
using Noded.Linux.Interop;

namespace Noded.Linux.Processes;

/// <summary>The kernel's log (Documentation/ABI/testing/dev-kmsg), read when asked for: nothing waits for it.</summary>
public sealed class KernelLog(string path = KernelLog.Device) : IDisposable
{
    public const string Device = "/dev/kmsg";

    // A record is never longer than the kernel's own buffer for one (CONSOLE_EXT_LOG_MAX).
    private readonly byte[] _buffer = new byte[8192];
    private SafeFd? _file;

    /// <summary>
    /// The texts of all records since the last call, at the first one of all that the kernel still has; without the lines
    /// that say of what device a record is.
    /// </summary>
    /// <exception cref="LinuxException">There is no such log, or this process may not read it.</exception>
    public IReadOnlyList<string> ReadNew()
    {
        _file ??= SafeFd.Open(path, LibC.O_RDONLY | LibC.O_NONBLOCK);
        List<string> texts = [];
        while (true)
        {
            try
            {
                int length = _file.Read(_buffer, $"read {path}");
                if (length == 0)
                {
                    return texts;
                }

                texts.Add(Text(Encoding.UTF8.GetString(_buffer, 0, length)));
            }
            catch (LinuxException e) when (e.Errno == Errno.EAGAIN)
            {
                return texts;
            }
            catch (LinuxException e) when (e.Errno == Errno.EPIPE)
            {
                // The kernel has overwritten what came next; the next read goes on with the oldest that is left.
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>What follows <c>priority,sequence,time,flags;</c>, up to the end of the line.</summary>
    private static string Text(string record)
    {
        int start = record.IndexOf(';', StringComparison.Ordinal) + 1;
        int end = record.IndexOf('\n', start);
        return end < 0 ? record[start..] : record[start..end];
    }
}
