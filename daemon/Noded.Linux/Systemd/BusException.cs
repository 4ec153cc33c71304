using System.Runtime.InteropServices;
using Noded.Linux.Interop;

namespace Noded.Linux.Systemd;

/// <summary>A call over the bus failed: what was asked, and what the other side or the kernel said.</summary>
public sealed class BusException(string operation, string? name, string detail) : IOException($"{operation}: {detail}")
{
    /// <summary>The error's name, such as <c>org.freedesktop.systemd1.NoSuchUnit</c>; null for one of our own side.</summary>
    public string? Name => name;

    internal static int Check(int result, string operation) =>
        result < 0 ? throw new BusException(operation, null, Marshal.GetPInvokeErrorMessage(-result)) : result;

    /// <summary>Takes the error apart and frees it.</summary>
    internal static BusException From(ref LibSystemd.sd_bus_error error, int result, string operation)
    {
        string? name = Marshal.PtrToStringUTF8(error.name);
        string detail = Marshal.PtrToStringUTF8(error.message) ?? Marshal.GetPInvokeErrorMessage(-result);
        LibSystemd.sd_bus_error_free(ref error);
        return new BusException(operation, name, detail);
    }
}
