using SQLitePCL;

namespace Noded.Store.Sqlite;

/// <summary>One connection to a database file, for one thread at a time.</summary>
internal sealed class SqliteConnection : IDisposable
{
    private static readonly Lock ProviderLock = new();
    private static bool _providerIsSet;

    private readonly sqlite3 _handle;

    public SqliteConnection(string path)
    {
        UseSystemLibrary();
        int code = raw.sqlite3_open_v2(
            path, out _handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);

        if (code != raw.SQLITE_OK)
        {
            string message = raw.sqlite3_errstr(code).utf8_to_string();
            _handle.Dispose();
            throw new SqliteException($"open {path}", code, message);
        }

        _ = raw.sqlite3_extended_result_codes(_handle, 1);
        // Connections of this process alone: somebody checkpoints or recovers, which is soon over.
        _ = raw.sqlite3_busy_timeout(_handle, 10_000);
    }

    /// <summary>Whether a transaction has been begun and is neither committed nor rolled back.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    public SqliteStatement Prepare(string sql)
    {
        int code = raw.sqlite3_prepare_v2(_handle, sql, out sqlite3_stmt statement);
        Check(code, sql);
        return new(this, statement, sql);
    }

    /// <summary>Runs one or more statements for their effect.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql), sql);

    /// <summary>The first column of the first row of a query.</summary>
    public long ReadInt64(string sql)
    {
        using SqliteStatement statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    public void Check(int code, string operation)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException(operation, code, raw.sqlite3_errmsg(_handle).utf8_to_string());
        }
    }

    public void Dispose() => _handle.Dispose();

    private static void UseSystemLibrary()
    {
        lock (ProviderLock)
        {
            if (!_providerIsSet)
            {
                raw.SetProvider(new SQLite3Provider_sqlite3());
                _providerIsSet = true;
            }
        }
    }
}
