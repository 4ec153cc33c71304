using System.Threading.Channels;

namespace Noded.Testing.Tests;

/// <summary>What the server saw.</summary>
internal sealed class EchoLog
{
    private readonly Channel<(string What, DateTime Deadline)> _entries =
        Channel.CreateUnbounded<(string, DateTime)>();

    public int Count => _entries.Reader.Count;

    public void Add(string what, DateTime deadline) => _entries.Writer.TryWrite((what, deadline));

    public ValueTask<(string What, DateTime Deadline)> NextAsync(CancellationToken cancellationToken) =>
        _entries.Reader.ReadAsync(cancellationToken);
}
