namespace Noded.Testing;

/// <summary>How a program ended and what it printed.</summary>
/// <param name="ExitCode">128 + n when signal n ended it.</param>
public sealed record ProgramResult(string Program, int ExitCode, string Output, string Error)
{
    /// <summary>Returns this result, so that a call that must succeed reads as one expression.</summary>
    /// <exception cref="IOException">The program failed; the message has its exit code and standard error.</exception>
    public ProgramResult OrThrow() => ExitCode == 0
        ? this
        : throw new IOException($"{Program}: exit code {ExitCode}: {Error.Trim()}");
}
