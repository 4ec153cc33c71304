using System.Collections.Immutable;

namespace Noded.Linux.Systemd;

/// <summary>
/// A service that exists without a file, until it is stopped or the machine is (systemd.service(5)): its main process
/// alone is stopped with it, it is started again whenever it ends, and its cgroup is its own to divide.
/// </summary>
/// <param name="Unit">Its name, with <c>.service</c>.</param>
/// <param name="Command">The program by its path, and its arguments.</param>
public sealed record TransientService(string Unit, string Description, ImmutableArray<string> Command)
{
    /// <summary><c>NAME=value</c>.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>-1000 to 1000; lower is killed later when memory is short.</summary>
    public int OomScoreAdjust { get; init; }

    /// <summary>Tells by sd_notify(3) when it is ready.</summary>
    public bool Notifies { get; init; }
}
