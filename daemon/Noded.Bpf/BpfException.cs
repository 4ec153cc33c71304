using System.Runtime.InteropServices;

namespace Noded.Bpf;

/// <summary>A BPF operation failed; the message names operation, object and errno, and says what can be done.</summary>
public class BpfException : IOException
{
    private const int EPERM = Linux.Errno.EPERM;
    private const int E2BIG = 7;
    private const int ENOMEM = 12;
    private const int ENOSYS = 38;

    /// <param name="detail">What libbpf or the kernel said beside the number.</param>
    public BpfException(string operation, int errno, string? detail = null)
        : base(Text(operation, errno, detail)) => Errno = errno;

    public int Errno { get; }

    internal static BpfException FromLastError(string operation) => new(operation, Marshal.GetLastPInvokeError());

    /// <summary>Throws when a call of libbpf returned a negated errno.</summary>
    internal static int Check(int result, string operation) =>
        result < 0 ? throw new BpfException(operation, -result, LibBpfLog.Take()) : result;

    private static string Text(string operation, int errno, string? detail)
    {
        string text = $"{operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
        string? advice = errno switch
        {
            EPERM => "run as root or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
            ENOSYS => "this kernel has no bpf(2)",
            ENOMEM => "the memory of this cgroup or RLIMIT_MEMLOCK is used up",
            E2BIG => "the map is full",
            _ => null,
        };
        return string.Join("; ", ((string?[])[text, detail, advice]).Where(part => !string.IsNullOrEmpty(part)));
    }
}
