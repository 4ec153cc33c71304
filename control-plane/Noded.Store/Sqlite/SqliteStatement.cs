using System.Text;
using SQLitePCL;

namespace Noded.Store.Sqlite;

/// <summary>A prepared statement, used again and again: bind, step, read, reset.</summary>
internal sealed class SqliteStatement(SqliteConnection connection, sqlite3_stmt handle, string sql) : IDisposable
{
    private const int StackBytes = 768;

    public SqliteStatement Bind(int index, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(handle, index, value), sql);
        return this;
    }

    public SqliteStatement Bind(int index, string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> buffer = most <= StackBytes ? stackalloc byte[StackBytes] : new byte[most];
        int length = Encoding.UTF8.GetBytes(text, buffer);
        connection.Check(raw.sqlite3_bind_text(handle, index, buffer[..length]), sql);
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> bytes)
    {
        // The pointer of an empty span is null, and that would be SQL's NULL.
        connection.Check(
            bytes.IsEmpty
                ? raw.sqlite3_bind_zeroblob(handle, index, 0)
                : raw.sqlite3_bind_blob(handle, index, bytes),
            sql);
        return this;
    }

    /// <summary>Goes to the next row; false after the last one.</summary>
    public bool Step()
    {
        int code = raw.sqlite3_step(handle);

        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        if (code != raw.SQLITE_DONE)
        {
            _ = raw.sqlite3_reset(handle);
            connection.Check(code, sql);
        }

        return false;
    }

    /// <summary>Runs to the end and makes the statement ready for the next time.</summary>
    public void Run()
    {
        while (Step())
        {
        }

        Reset();
    }

    /// <summary>Makes the statement ready for the next time; an error was told by <see cref="Step"/>.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => Encoding.UTF8.GetString(raw.sqlite3_column_blob(handle, column));

    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public void Dispose() => handle.Dispose();
}
