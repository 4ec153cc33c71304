using System.Runtime.InteropServices;

namespace Noded.Linux.Interop;

/// <summary>
/// Declarations of sd-bus (sd-bus(3)): numbers are the negated errno. The variadic functions have no place here: their
/// calling convention is not that of a P/Invoke.
/// </summary>
internal static unsafe partial class LibSystemd
{
    // By its version: the name without it is there for compiling only.
    internal const string Library = "libsystemd.so.0";

    /// <summary>sd_bus_error: zeros are none.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sd_bus_error
    {
        internal nint name;
        internal nint message;
        internal int _need_free;
    }

    // int sd_bus_open_system(sd_bus **ret);
    [LibraryImport(Library)]
    internal static partial int sd_bus_open_system(out nint bus);

    // sd_bus *sd_bus_flush_close_unref(sd_bus *bus);
    [LibraryImport(Library)]
    internal static partial nint sd_bus_flush_close_unref(nint bus);

    // int sd_bus_process(sd_bus *bus, sd_bus_message **ret);
    [LibraryImport(Library)]
    internal static partial int sd_bus_process(nint bus, out nint message);

    // int sd_bus_wait(sd_bus *bus, uint64_t timeout_usec);
    [LibraryImport(Library)]
    internal static partial int sd_bus_wait(nint bus, ulong microseconds);

    // int sd_bus_call(sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *ret_error, sd_bus_message **reply);
    [LibraryImport(Library)]
    internal static partial int sd_bus_call(nint bus, nint message, ulong microseconds, ref sd_bus_error error, out nint reply);

    // int sd_bus_get_property_trivial(sd_bus *bus, const char *destination, const char *path, const char *interface,
    //                                 const char *member, sd_bus_error *ret_error, char type, void *ret_ptr);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_get_property_trivial(
        nint bus, string destination, string path, string @interface, string member, ref sd_bus_error error, byte type,
        out uint value);

    // void sd_bus_error_free(sd_bus_error *e);
    [LibraryImport(Library)]
    internal static partial void sd_bus_error_free(ref sd_bus_error error);

    // int sd_bus_path_encode(const char *prefix, const char *external_id, char **ret_path);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_path_encode(string prefix, string id, out nint path);

    // int sd_bus_message_new_method_call(sd_bus *bus, sd_bus_message **m, const char *destination, const char *path,
    //                                    const char *interface, const char *member);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_new_method_call(
        nint bus, out nint message, string destination, string path, string @interface, string member);

    // sd_bus_message *sd_bus_message_unref(sd_bus_message *m);
    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_unref(nint message);

    // int sd_bus_message_append_basic(sd_bus_message *m, char type, const void *p);
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_basic(nint message, byte type, void* value);

    // int sd_bus_message_open_container(sd_bus_message *m, char type, const char *contents);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_open_container(nint message, byte type, string contents);

    // int sd_bus_message_close_container(sd_bus_message *m);
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_close_container(nint message);

    // int sd_bus_message_read_basic(sd_bus_message *m, char type, void *p);
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(nint message, byte type, void* value);

    // int sd_bus_message_is_signal(sd_bus_message *m, const char *interface, const char *member);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_is_signal(nint message, string @interface, string member);
}
