using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Noded.Bpf.Interop;

namespace Noded.Bpf;

/// <summary>
/// A compiled BPF object: opened from memory, adjusted (constants, sizes, maps to share), loaded once. Maps taken from
/// it are descriptors of their own; programs live as long as the object or a link of theirs.
/// </summary>
public sealed unsafe class BpfObject : IDisposable
{
    private const int LogSize = 1 << 20;
    private const uint BtfKindDataSection = 15;

    private readonly string _name;
    private readonly nint _log;
    private nint _object;

    private BpfObject(string name, nint @object, nint log) => (_name, _object, _log) = (name, @object, log);

    /// <exception cref="BpfException">The bytes are no BPF object that libbpf understands.</exception>
    public static BpfObject Open(string name, ReadOnlySpan<byte> elf)
    {
        LibBpfLog.Capture();
        byte* log = (byte*)NativeMemory.AllocZeroed(LogSize);
        byte[] nameBytes = [.. Encoding.UTF8.GetBytes(name), 0];

        fixed (byte* bytes = elf, nameStart = nameBytes)
        {
            LibBpf.bpf_object_open_opts opts = new()
            {
                sz = (nuint)sizeof(LibBpf.bpf_object_open_opts),
                object_name = nameStart,
                kernel_log_buf = log,
                kernel_log_size = LogSize,
            };
            nint opened = LibBpf.bpf_object__open_mem(bytes, (nuint)elf.Length, in opts);
            if (opened == 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                NativeMemory.Free(log);
                throw new BpfException($"open BPF object {name}", errno, LibBpfLog.Take());
            }

            return new BpfObject(name, opened, (nint)log);
        }
    }

    /// <summary>Sets a <c>const volatile</c> variable; the verifier then drops the branches that it rules out.</summary>
    /// <exception cref="ArgumentException">The object has no such constant, or one of another size.</exception>
    public void SetConstant<T>(string variable, T value)
        where T : unmanaged
    {
        nint map = LibBpf.bpf_object__find_map_by_name(_object, ".rodata");
        byte* start = map == 0 ? null : LibBpf.bpf_map__initial_value(map, out _);
        if (start == null || FindConstant(variable) is not { } place)
        {
            throw new ArgumentException($"BPF object {_name} has no constant {variable}.", nameof(variable));
        }

        if (place.size != sizeof(T))
        {
            throw new ArgumentException(
                $"Constant {variable} of BPF object {_name} has {place.size} bytes, not {sizeof(T)}.", nameof(value));
        }

        Unsafe.WriteUnaligned(start + place.offset, value);
    }

    /// <summary>Changes the size that a map will be made with.</summary>
    public void SetMaxEntries(string map, uint maxEntries) =>
        BpfException.Check(
            LibBpf.bpf_map__set_max_entries(FindMap(map), maxEntries),
            $"make map {map} of BPF object {_name} hold {maxEntries} entries");

    /// <summary>Leaves a program out of what <see cref="Load"/> loads.</summary>
    public void SkipProgram(string program) =>
        BpfException.Check(
            LibBpf.bpf_program__set_autoload(FindProgram(program), false), $"leave out program {program} of {_name}");

    /// <summary>Uses a map that exists instead of making one. Type and sizes must agree.</summary>
    public void ReuseMap(string map, BpfMapHandle existing) =>
        BpfException.Check(
            LibBpf.bpf_map__reuse_fd(FindMap(map), existing.Fd), $"reuse map {map} in BPF object {_name}");

    /// <summary>Makes the maps and has the kernel verify and accept the programs.</summary>
    /// <exception cref="BpfVerifierException">A program was refused.</exception>
    /// <exception cref="BpfException">Anything else: privileges, memory, a map that does not fit.</exception>
    public void Load()
    {
        int result = LibBpf.bpf_object__load(_object);
        if (result == 0)
        {
            LibBpfLog.Take();
            return;
        }

        string log = Marshal.PtrToStringUTF8(_log) ?? "";
        string operation = $"load BPF object {_name}";
        throw log.Contains("processed ", StringComparison.Ordinal)
            ? new BpfVerifierException(operation, -result, log)
            : new BpfException(operation, -result, LibBpfLog.Take());
    }

    public BpfMapHandle Map(string name) =>
        new(name, BpfFd.Duplicate(
            BpfException.Check(LibBpf.bpf_map__fd(FindMap(name)), $"map {name} of BPF object {_name}"),
            $"keep map {name} of BPF object {_name}"));

    public BpfProgram Program(string name) =>
        new(name, BpfFd.Duplicate(
            BpfException.Check(LibBpf.bpf_program__fd(FindProgram(name)), $"program {name} of BPF object {_name}"),
            $"keep program {name} of BPF object {_name}"));

    public void Dispose()
    {
        if (_object != 0)
        {
            LibBpf.bpf_object__close(_object);
            NativeMemory.Free((void*)_log);
            _object = 0;
        }
    }

    private nint FindMap(string name)
    {
        nint map = LibBpf.bpf_object__find_map_by_name(_object, name);
        return map != 0 ? map : throw new ArgumentException($"BPF object {_name} has no map {name}.", nameof(name));
    }

    private nint FindProgram(string name)
    {
        nint program = LibBpf.bpf_object__find_program_by_name(_object, name);
        return program != 0
            ? program
            : throw new ArgumentException($"BPF object {_name} has no program {name}.", nameof(name));
    }

    private LibBpf.btf_var_secinfo? FindConstant(string variable)
    {
        nint btf = LibBpf.bpf_object__btf(_object);
        int section = LibBpf.btf__find_by_name_kind(btf, ".rodata", BtfKindDataSection);
        if (section < 0)
        {
            return null;
        }

        // struct btf_type is followed by one struct btf_var_secinfo per variable; their number is in its low 16 bits.
        LibBpf.btf_type* type = LibBpf.btf__type_by_id(btf, (uint)section);
        LibBpf.btf_var_secinfo* places = (LibBpf.btf_var_secinfo*)(type + 1);
        for (int i = 0; i < (int)(type->info & 0xffff); i++)
        {
            uint name = LibBpf.btf__type_by_id(btf, places[i].type)->name_off;
            if (Marshal.PtrToStringUTF8((nint)LibBpf.btf__name_by_offset(btf, name)) == variable)
            {
                return places[i];
            }
        }

        return null;
    }
}
