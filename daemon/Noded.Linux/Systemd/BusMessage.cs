using System.Runtime.InteropServices;
using System.Text;
using Noded.Linux.Interop;

namespace Noded.Linux.Systemd;

/// <summary>A message on a bus, written or read from its start to its end. Types are D-Bus signatures.</summary>
internal sealed unsafe class BusMessage : IDisposable
{
    private const byte StringType = (byte)'s';
    private const byte ArrayType = (byte)'a';
    private const byte StructType = (byte)'r';
    private const byte VariantType = (byte)'v';

    internal BusMessage(nint handle) => Handle = handle;

    internal nint Handle { get; private set; }

    internal BusMessage Add(string value)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(value), 0];
        fixed (byte* start = bytes)
        {
            return Append(StringType, start);
        }
    }

    internal BusMessage Add(bool value)
    {
        int number = value ? 1 : 0;
        return Append((byte)'b', &number);
    }

    internal BusMessage Add(int value) => Append((byte)'i', &value);

    internal BusMessage Add(ulong value) => Append((byte)'t', &value);

    internal BusMessage AddArray(string elementType, Action<BusMessage> write) => Nest(ArrayType, elementType, write);

    internal BusMessage AddStruct(string contents, Action<BusMessage> write) => Nest(StructType, contents, write);

    internal BusMessage AddVariant(string contents, Action<BusMessage> write) => Nest(VariantType, contents, write);

    /// <summary>The next value, a string or an object's path.</summary>
    internal string ReadText(char type)
    {
        nint text = 0;
        BusException.Check(
            LibSystemd.sd_bus_message_read_basic(Handle, (byte)type, &text), "read a text of a message");
        return Marshal.PtrToStringUTF8(text) ?? "";
    }

    internal uint ReadUInt32()
    {
        uint value = 0;
        BusException.Check(
            LibSystemd.sd_bus_message_read_basic(Handle, (byte)'u', &value), "read a number of a message");
        return value;
    }

    internal bool IsSignal(string @interface, string member) =>
        LibSystemd.sd_bus_message_is_signal(Handle, @interface, member) > 0;

    public void Dispose()
    {
        if (Handle != 0)
        {
            LibSystemd.sd_bus_message_unref(Handle);
            Handle = 0;
        }
    }

    private BusMessage Append(byte type, void* value)
    {
        BusException.Check(
            LibSystemd.sd_bus_message_append_basic(Handle, type, value), $"write a value of type {(char)type}");
        return this;
    }

    private BusMessage Nest(byte type, string contents, Action<BusMessage> write)
    {
        BusException.Check(
            LibSystemd.sd_bus_message_open_container(Handle, type, contents), $"begin a container of {contents}");
        write(this);
        BusException.Check(LibSystemd.sd_bus_message_close_container(Handle), $"end a container of {contents}");
        return this;
    }
}
