using Noded.Linux.Events;
using Noded.Linux.Interop;

namespace Noded.Linux.Processes;

/// <summary>How a process ended.</summary>
/// <param name="Code">The exit code, or the signal when <paramref name="Signaled"/>.</param>
public readonly record struct ExitStatus(int Code, bool Signaled)
{
    public override string ToString() => Signaled ? $"killed by signal {Code}" : $"exit code {Code}";
}

/// <summary>A process by pidfd_open(2): unlike its number, it never comes to mean another process.</summary>
public sealed class PidFd : IDisposable
{
    // The numbers are the same on every architecture that has them.
    private const int PidfdSendSignal = 424;
    private const int PidfdOpen = 434;

    private readonly SafeFd _fd;

    private PidFd(int pid, SafeFd fd) => (Pid, _fd) = (pid, fd);

    public int Pid { get; }

    /// <exception cref="LinuxException">There is no such process (ESRCH).</exception>
    public static PidFd Open(int pid) =>
        new(pid, SafeFd.Own((int)LibC.pidfd_open(PidfdOpen, pid, 0), $"pidfd_open {pid}"));

    /// <summary>Sends a signal; false when the process has ended already.</summary>
    public bool Signal(int signal)
    {
        if (LibC.pidfd_send_signal(PidfdSendSignal, _fd.Value, signal, 0, 0) == 0)
        {
            return true;
        }

        LinuxException failure = LinuxException.FromLastError($"pidfd_send_signal {Pid} {signal}");
        return failure.Errno == Errno.ESRCH ? false : throw failure;
    }

    /// <summary>Waits for the end of the process and reaps it; null when it is not our child to reap.</summary>
    public async Task<ExitStatus?> WaitForExitAsync(FdReactor reactor, CancellationToken cancellationToken)
    {
        await reactor.WaitReadableAsync(_fd, cancellationToken);
        LibC.siginfo_t info = default;
        if (LibC.waitid(LibC.P_PIDFD, (uint)_fd.Value, ref info, LibC.WEXITED | LibC.WNOHANG) < 0)
        {
            return null;
        }

        return new ExitStatus(info.si_status, info.si_code != LibC.CLD_EXITED);
    }

    public void Dispose() => _fd.Dispose();
}
