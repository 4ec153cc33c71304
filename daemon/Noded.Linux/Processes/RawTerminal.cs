using Noded.Linux.Interop;

namespace Noded.Linux.Processes;

/// <summary>
/// The terminal of standard input in raw mode (termios(3)): every key goes to whoever reads it, Ctrl-C too. Disposing
/// puts it back.
/// </summary>
public sealed class RawTerminal : IDisposable
{
    private const int StandardInput = 0;

    private LibC.termios _before;

    private RawTerminal(LibC.termios before) => _before = before;

    /// <summary>Null when standard input is no terminal.</summary>
    public static RawTerminal? TryEnter()
    {
        LibC.termios settings = default;
        if (LibC.tcgetattr(StandardInput, ref settings) < 0)
        {
            return null;
        }

        RawTerminal terminal = new(settings);
        LibC.cfmakeraw(ref settings);
        return LibC.tcsetattr(StandardInput, LibC.TCSANOW, ref settings) < 0
            ? throw LinuxException.FromLastError("set the terminal to raw mode")
            : terminal;
    }

    public void Dispose() => _ = LibC.tcsetattr(StandardInput, LibC.TCSANOW, ref _before);
}
