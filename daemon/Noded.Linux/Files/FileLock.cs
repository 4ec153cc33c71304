using Noded.Linux.Interop;

namespace Noded.Linux.Files;

/// <summary>An exclusive flock(2), held until disposed or until the process ends, however it ends.</summary>
public sealed class FileLock : IDisposable
{
    private const uint OwnerOnly = 0x180;

    private readonly SafeFd _fd;

    private FileLock(SafeFd fd) => _fd = fd;

    /// <summary>Waits until nobody else holds it; makes the file if there is none.</summary>
    public static FileLock Take(string path)
    {
        SafeFd fd = SafeFd.Open(path, LibC.O_RDWR | LibC.O_CREAT, OwnerOnly);

        while (LibC.flock(fd, LibC.LOCK_EX) < 0)
        {
            if (!SafeFd.IsInterrupted())
            {
                LinuxException failure = LinuxException.FromLastError($"lock {path}");
                fd.Dispose();
                throw failure;
            }
        }

        return new FileLock(fd);
    }

    public void Dispose() => _fd.Dispose();
}
