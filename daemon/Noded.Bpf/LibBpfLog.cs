using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>What libbpf would print to standard error: its warnings wait for the exception that they explain.</summary>
internal static unsafe class LibBpfLog
{
    private const int Warn = 0;
    private const int LineLength = 512;
    private const int MaxLines = 8;

    [ThreadStatic]
    private static Queue<string>? _lines;

    /// <summary>Has libbpf's texts come here; called before the first call that can print.</summary>
    internal static void Capture() => RuntimeHelpers.RunClassConstructor(typeof(Installed).TypeHandle);

    /// <summary>The warnings of this thread since the last call, on one line; null when there are none.</summary>
    internal static string? Take()
    {
        if (_lines is not { Count: > 0 } lines)
        {
            return null;
        }

        string text = string.Join("; ", lines);
        lines.Clear();
        return text;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Print(int level, byte* format, nint arguments)
    {
        if (level != Warn)
        {
            return 0;
        }

        byte* line = stackalloc byte[LineLength];
        int length = Math.Min(LibC.vsnprintf(line, LineLength, format, arguments), LineLength - 1);
        string text = Encoding.UTF8.GetString(line, Math.Max(0, length)).Trim();
        _lines ??= new Queue<string>();
        if (_lines.Count == MaxLines)
        {
            _lines.Dequeue();
        }

        _lines.Enqueue(text);
        return length;
    }

    private static class Installed
    {
        static Installed() => LibBpf.libbpf_set_print(&Print);
    }
}
