using System.Buffers.Binary;
using System.Collections.Immutable;
using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>Lists an open directory by the kernel's own names, of whatever bytes they are.</summary>
internal static class DirectoryEntries
{
    private const int HeaderSize = 19;
    private const int BufferSize = 32 * 1024;

    /// <summary>The next entries of an open directory, without <c>.</c> and <c>..</c>, each with a zero at its end; none when all were read.</summary>
    internal static unsafe ImmutableArray<byte[]> ReadNext(SafeFd directory, string path)
    {
        byte[] buffer = new byte[BufferSize];
        ImmutableArray<byte[]>.Builder entries = ImmutableArray.CreateBuilder<byte[]>();
        nint length;
        do
        {
            fixed (byte* start = buffer)
            {
                length = LibC.getdents64(directory, start, BufferSize);
            }

            if (length < 0)
            {
                throw LinuxException.FromLastError($"read directory {path}");
            }

            Parse(buffer.AsSpan(0, (int)length), entries);
        }
        while (length > 0 && entries.Count == 0);

        return entries.ToImmutable();
    }

    private static void Parse(ReadOnlySpan<byte> buffer, ImmutableArray<byte[]>.Builder entries)
    {
        // struct linux_dirent64 { u64 d_ino; s64 d_off; u16 d_reclen; u8 d_type; char d_name[]; }
        while (buffer.Length > HeaderSize)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(buffer[16..]);
            ReadOnlySpan<byte> name = buffer[HeaderSize..length];
            name = name[..(name.IndexOf((byte)0) + 1)];
            if (!name.SequenceEqual(".\0"u8) && !name.SequenceEqual("..\0"u8))
            {
                entries.Add(name.ToArray());
            }

            buffer = buffer[length..];
        }
    }
}
