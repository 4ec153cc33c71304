using System.Collections.Concurrent;

namespace Noded.Store.Sqlite;

/// <summary>A few connections for reading, opened when first needed.</summary>
internal sealed class ReaderPool(string path, int size) : IDisposable
{
    private readonly SemaphoreSlim _free = new(size, size);
    private readonly ConcurrentBag<SnapshotReader> _readers = [];
    private volatile bool _disposed;

    /// <summary>Reads once one of the connections is free.</summary>
    /// <exception cref="StoreUnavailableException">The file cannot be read, or the store is closed.</exception>
    public async Task<T> ReadAsync<T>(Func<SnapshotReader, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        SnapshotReader? reader = null;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            reader = _readers.TryTake(out SnapshotReader? pooled) ? pooled : new(path);
            T result = read(reader);
            Return(reader);
            return result;
        }
        catch (SqliteException e)
        {
            reader?.Dispose();
            throw new StoreUnavailableException(e.Message, nothingChanged: true, e);
        }
        catch (ObjectDisposedException e)
        {
            throw new StoreUnavailableException("The store is closed.", nothingChanged: true, e);
        }
        catch (Exception) when (reader is not null)
        {
            // Compacted and the like: an answer, and the connection is as good as before.
            Return(reader);
            throw;
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Closes the connections; one that reads is closed when it has read.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_readers.TryTake(out SnapshotReader? reader))
        {
            reader.Dispose();
        }
    }

    private void Return(SnapshotReader reader)
    {
        _readers.Add(reader);

        if (_disposed)
        {
            Dispose();
        }
    }
}
