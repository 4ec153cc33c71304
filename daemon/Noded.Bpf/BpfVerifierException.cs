namespace Noded.Bpf;

/// <summary>The kernel refused a program of an object; <see cref="Log"/> is the verifier's own account.</summary>
public sealed class BpfVerifierException(string operation, int errno, string log)
    : BpfException(operation, errno, LastLines(log))
{
    private const int LinesInMessage = 8;

    public string Log { get; } = log;

    private static string LastLines(string log) =>
        string.Join(" | ", log.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LinesInMessage));
}
