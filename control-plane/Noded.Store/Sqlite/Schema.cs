namespace Noded.Store.Sqlite;

/// <summary>The database file: who may read it, how it is written and which tables it has.</summary>
/// <remarks>
/// <c>history</c> has a row per change; the newest row of a key says what it holds. <c>previous</c> is the row that
/// the change replaced, 0 if it made the key. <c>settings</c> has the oldest revision that can be read
/// (<c>compacted</c>) and the one up to which the rows it makes needless are removed (<c>scrubbed</c>).
/// <c>gaps</c> has revisions that were reserved, but of which nothing is known after a crash.
/// </remarks>
internal static class Schema
{
    private const long Version = 1;

    // Larger than SQLite's own 1000 pages: a checkpoint makes one commit in a few hundred wait for the database file.
    private const string Durable = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 4000;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA trusted_schema = OFF;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -8000;
        """;

    private const string Tables = """
        BEGIN IMMEDIATE;
        CREATE TABLE history (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            created INTEGER NOT NULL,
            version INTEGER NOT NULL,
            lease INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            previous INTEGER NOT NULL,
            value BLOB NOT NULL
        );
        CREATE UNIQUE INDEX history_by_key ON history (key, id, deleted);
        CREATE INDEX history_by_lease ON history (lease, id) WHERE lease != 0;
        CREATE INDEX history_deleted ON history (id) WHERE deleted != 0;
        CREATE TABLE leases (id INTEGER PRIMARY KEY, lifetime INTEGER NOT NULL, expires INTEGER NOT NULL);
        CREATE TABLE gaps (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
        CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO settings VALUES ('compacted', 0), ('scrubbed', 0);
        PRAGMA user_version = 1;
        COMMIT;
        """;

    /// <summary>Opens the file for writing; makes it and its tables if they are not there.</summary>
    /// <exception cref="InvalidDataException">The file is of a later version.</exception>
    public static SqliteConnection OpenForWriting(string path)
    {
        // SQLite gives its own files beside it the same mode. Only if it is not there: closing any descriptor of a
        // file gives up the locks that SQLite has on it.
        if (!File.Exists(path))
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            new FileStream(path, options).Dispose();
        }

        SqliteConnection connection = new(path);
        try
        {
            // Only before the first table is made can a file be told to give pages back.
            connection.Execute("PRAGMA auto_vacuum = INCREMENTAL;");
            connection.Execute(Durable);
            MakeTables(connection, path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file that is there for reading.</summary>
    public static SqliteConnection OpenForReading(string path)
    {
        SqliteConnection connection = new(path);
        try
        {
            connection.Execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2000;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void MakeTables(SqliteConnection connection, string path)
    {
        switch (connection.ReadInt64("PRAGMA user_version"))
        {
            case 0:
                connection.Execute(Tables);
                break;
            case Version:
                break;
            case long version:
                throw new InvalidDataException($"{path} has version {version} of the tables; {Version} is known.");
        }
    }
}
