using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Noded.Store.Sqlite;

/// <summary>
/// The file beside the database that says below which revision all that were ever given out lie. It is written before
/// a revision is, so that none is given out twice even if the disk has lost the end of the database's log. While it is
/// open, no other process can open it.
/// </summary>
internal sealed class RevisionReservation : IDisposable
{
    /// <summary>How many revisions are reserved by one write.</summary>
    public const int BlockSize = 10_000;

    // One sector at most, and always the same bytes of the file: such a write is done or not.
    private const int Digits = 19;

    private const byte Exact = (byte)'=';
    private const byte Reserved = (byte)'<';

    private readonly SafeFileHandle _file;

    /// <exception cref="IOException">Another process has the file open.</exception>
    /// <exception cref="InvalidDataException">The file does not hold a number.</exception>
    public RevisionReservation(string path)
    {
        bool exists = File.Exists(path);

        if (!exists)
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            new FileStream(path, options).Dispose();
        }

        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Bound = Read(path);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Every revision that was given out is at most this.</summary>
    public long Bound { get; private set; }

    /// <summary>Whether the last that was given out is this one: the process before has closed the store.</summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>Makes sure that a revision may be given out.</summary>
    public void Reserve(long revision)
    {
        if (revision > Bound || IsExact)
        {
            Write(Reserved, revision + BlockSize);
        }
    }

    /// <summary>Says that no revision after this one was given out.</summary>
    public void Release(long revision) => Write(Exact, revision);

    public void Dispose() => _file.Dispose();

    private long Read(string path)
    {
        Span<byte> text = stackalloc byte[Digits + 1];
        int length = RandomAccess.Read(_file, text, 0);

        // A file without a byte was made just now, or the process that made it died at once.
        if (length == 0)
        {
            return 0;
        }

        IsExact = text[0] == Exact;
        return text[0] is Exact or Reserved
            && long.TryParse(text[1..length], NumberStyles.None, CultureInfo.InvariantCulture, out long bound)
            ? bound
            : throw new InvalidDataException($"{path} does not hold a revision.");
    }

    private void Write(byte kind, long bound)
    {
        byte[] text = [kind, .. Encoding.ASCII.GetBytes(bound.ToString($"D{Digits}", CultureInfo.InvariantCulture))];
        RandomAccess.Write(_file, text, 0);
        RandomAccess.FlushToDisk(_file);
        Bound = bound;
        IsExact = kind == Exact;
    }
}
