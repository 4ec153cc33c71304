using System.Globalization;
using System.Net;
using System.Text;
using Noded.Linux.Files;
using Noded.Primitives;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>
/// The leases of one network on disk, compatible with the reference plugin's: a file per address, named like it, that
/// holds container and interface; <c>last_reserved_ip.N</c> per range set; <c>lock</c>. Locked from its opening on: one
/// process at a time reads and changes it.
/// </summary>
/// <remarks>
/// A lease appears by rename(2), so a crash leaves it whole or not at all. An empty file is what the reference plugin
/// leaves when it is killed between making and writing it: nobody's lease.
/// </remarks>
internal sealed class LeaseDirectory : IDisposable
{
    private const string LockName = "lock";
    private const string LastPrefix = "last_reserved_ip.";
    private const string LineBreak = "\r\n";
    private const string TemporaryName = "lease.new";

    // A container's name of 253 characters, a line's end and an interface's name are less.
    private const int MaxLength = 512;

    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly FileLock _lock;
    private Dictionary<IPAddress, Attachment>? _leases;

    private LeaseDirectory(string path, FileLock held) => (_path, _lock) = (path, held);

    /// <summary>What is given out, by address. A lease without an interface is of an older reference plugin.</summary>
    internal IReadOnlyDictionary<IPAddress, Attachment> Leases => _leases ??= ReadAll();

    /// <summary>Opens it, made if there is none.</summary>
    internal static LeaseDirectory Open(string dataDirectory, string network)
    {
        string path = Path.Combine(dataDirectory, network);
        Directory.CreateDirectory(path);
        return new LeaseDirectory(path, FileLock.Take(Path.Combine(path, LockName)));
    }

    /// <summary>Opens it; null when the network never had a lease.</summary>
    internal static LeaseDirectory? TryOpen(string dataDirectory, string network) =>
        Directory.Exists(Path.Combine(dataDirectory, network)) ? Open(dataDirectory, network) : null;

    /// <summary>The address that a range set gave out last, or null.</summary>
    internal IPAddress? Last(int rangeSet)
    {
        Span<byte> buffer = stackalloc byte[MaxLength];
        return SmallFile.TryRead(LastPath(rangeSet), buffer) is int length
            && IPAddress.TryParse(Encoding.ASCII.GetString(buffer[..length]), out IPAddress? last)
            ? last
            : null;
    }

    /// <summary>Records a lease.</summary>
    /// <param name="rangeSet">Its set, to go on behind the address next time; null when it was asked for by name.</param>
    internal void Add(IPAddress address, Attachment attachment, int? rangeSet)
    {
        _ = Leases;
        string temporary = Path.Combine(_path, TemporaryName);
        Write(temporary, $"{attachment.ContainerId}{LineBreak}{attachment.InterfaceName}");
        File.Move(temporary, Path.Combine(_path, address.ToString()), overwrite: true);
        _leases![address] = attachment;

        if (rangeSet is int set)
        {
            Write(LastPath(set), address.ToString());
        }
    }

    /// <summary>Frees an address; nothing happens when it is free.</summary>
    internal void Remove(IPAddress address)
    {
        File.Delete(Path.Combine(_path, address.ToString()));
        _leases?.Remove(address);
    }

    public void Dispose() => _lock.Dispose();

    private static void Write(string path, string text)
    {
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = PrivateFile,
            BufferSize = 0,
        });
        file.Write(Encoding.ASCII.GetBytes(text));
    }

    private string LastPath(int rangeSet) =>
        Path.Combine(_path, LastPrefix + rangeSet.ToString(CultureInfo.InvariantCulture));

    private Dictionary<IPAddress, Attachment> ReadAll()
    {
        Dictionary<IPAddress, Attachment> leases = [];
        Span<byte> buffer = stackalloc byte[MaxLength];

        foreach (string path in Directory.EnumerateFiles(_path))
        {
            if (Path.GetFileName(path) == TemporaryName)
            {
                // Of a process that was killed: whoever writes one holds the lock.
                File.Delete(path);
            }
            else if (IPAddressText.TryParse(Path.GetFileName(path), out IPAddress? address)
                && SmallFile.TryRead(path, buffer) is int length
                && length > 0)
            {
                string[] lines = Encoding.ASCII.GetString(buffer[..length]).Trim().Split(LineBreak);
                leases[address] = new Attachment(lines[0], lines.Length > 1 ? lines[1] : "");
            }
        }

        return leases;
    }
}
