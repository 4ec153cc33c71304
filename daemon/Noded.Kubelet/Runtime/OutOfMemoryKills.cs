using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime;

/// <summary>
/// The containers in which the kernel has killed a process for want of memory, by the kernel's own word. containerd learns
/// of it on another way than of the end of the container, and forgets it when the end is first and the cgroup is gone; then
/// it says <c>Error</c>.
/// </summary>
/// <param name="newRecords">The kernel's records since the last call, such as <see cref="KernelLog.ReadNew"/>.</param>
public sealed class OutOfMemoryKills(Func<IReadOnlyList<string>> newRecords, FlightRecorder flight)
{
    private const string Prefix = "oom-kill:";
    private const string Cgroup = ",task_memcg=";

    // More do not end at once, and who asks does so soon after the end.
    private const int MaxRemembered = 1024;

    private readonly Lock _lock = new();
    private readonly Queue<string> _cgroups = new();
    private bool _isUnreadable;

    /// <summary>
    /// Whether it was so, as far as the kernel's log goes back; of more than ten kills within five seconds it names some only.
    /// </summary>
    public bool Contains(ContainerId container)
    {
        lock (_lock)
        {
            Read();
            // The path ends with the id, bare or between the systemd driver's prefix and .scope; there may be groups below it.
            return _cgroups.Any(cgroup => cgroup.Contains(container.Value, StringComparison.Ordinal));
        }
    }

    private void Read()
    {
        try
        {
            foreach (string record in newRecords())
            {
                if (TryParse(record) is { } cgroup)
                {
                    _cgroups.Enqueue(cgroup);
                    if (_cgroups.Count > MaxRemembered)
                    {
                        _cgroups.Dequeue();
                    }
                }
            }
        }
        catch (IOException e) when (!_isUnreadable)
        {
            _isUnreadable = true;
            flight.Record(FlightEntryKind.Failed, "kernel log", $"{e.Message}: only the runtime tells who was out of memory");
        }
        catch (IOException)
        {
            // Told already.
        }
    }

    /// <summary>The cgroup of the process that was killed, from the kernel's summary of it (mm/oom_kill.c).</summary>
    private static string? TryParse(string record)
    {
        if (!record.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        int start = record.IndexOf(Cgroup, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        start += Cgroup.Length;
        int end = record.IndexOf(',', start);
        return end < 0 ? record[start..] : record[start..end];
    }
}
