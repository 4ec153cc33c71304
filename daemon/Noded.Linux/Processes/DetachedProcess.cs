using System.Runtime.InteropServices;
using System.Text;
using Noded.Linux.Interop;

namespace Noded.Linux.Processes;

/// <summary>Starts programs that outlive this one: own session, no inherited pipe, default signals.</summary>
public static class DetachedProcess
{
    // posix_spawnattr_t has 336 bytes and posix_spawn_file_actions_t 80 in glibc; sigset_t has 128.
    private const int OpaqueSize = 512;

    /// <summary>
    /// posix_spawn(3) in a new session with /dev/null as standard input and <paramref name="outputFile"/>, appended to,
    /// as standard output and error: a pipe of ours would kill it with SIGPIPE once we are gone.
    /// </summary>
    /// <returns>The new process's id; it is our child and has to be reaped.</returns>
    /// <exception cref="LinuxException">The program cannot be started or the file cannot be opened.</exception>
    public static int Start(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        string outputFile)
    {
        using NativeStrings argv = new([program, .. arguments]);
        using NativeStrings envp = new(environment.Select(pair => $"{pair.Key}={pair.Value}"));
        int error = Spawn(program, argv, envp, outputFile, out int pid);
        return error == 0 ? pid : throw new LinuxException($"posix_spawn {program}", error);
    }

    private static unsafe int Spawn(
        string program, NativeStrings argv, NativeStrings envp, string outputFile, out int pid)
    {
        byte* attributes = stackalloc byte[OpaqueSize];
        byte* actions = stackalloc byte[OpaqueSize];
        byte* signals = stackalloc byte[OpaqueSize];
        _ = LibC.posix_spawnattr_init(attributes);
        _ = LibC.posix_spawn_file_actions_init(actions);

        try
        {
            // The .NET runtime ignores SIGPIPE and blocks some signals; both would be inherited.
            _ = LibC.posix_spawnattr_setflags(
                attributes, LibC.POSIX_SPAWN_SETSID | LibC.POSIX_SPAWN_SETSIGDEF | LibC.POSIX_SPAWN_SETSIGMASK);
            _ = LibC.sigfillset(signals);
            _ = LibC.posix_spawnattr_setsigdefault(attributes, signals);
            _ = LibC.sigemptyset(signals);
            _ = LibC.posix_spawnattr_setsigmask(attributes, signals);

            const int Append = LibC.O_WRONLY | LibC.O_CREAT | LibC.O_APPEND;
            _ = LibC.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", LibC.O_RDWR, 0);
            _ = LibC.posix_spawn_file_actions_addopen(actions, 1, outputFile, Append, 0b110_000_000);
            _ = LibC.posix_spawn_file_actions_addopen(actions, 2, outputFile, Append, 0b110_000_000);
            return LibC.posix_spawn(out pid, program, actions, attributes, argv.Pointers, envp.Pointers);
        }
        finally
        {
            _ = LibC.posix_spawn_file_actions_destroy(actions);
            _ = LibC.posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>A null-terminated array of C strings.</summary>
    private sealed unsafe class NativeStrings : IDisposable
    {
        private readonly int _count;

        internal NativeStrings(IEnumerable<string> strings)
        {
            string[] all = [.. strings];
            _count = all.Length;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(all[i] + '\0');
                Pointers[i] = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
                Marshal.Copy(bytes, 0, (nint)Pointers[i], bytes.Length);
            }
        }

        internal byte** Pointers { get; }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
            {
                NativeMemory.Free(Pointers[i]);
            }

            NativeMemory.Free(Pointers);
        }
    }
}
