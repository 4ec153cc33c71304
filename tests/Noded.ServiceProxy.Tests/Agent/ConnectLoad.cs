using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>Connects again and again, several at a time, until it is ended; counts what came of it.</summary>
internal sealed class ConnectLoad
{
    private const int Clients = 4;

    private readonly IPEndPoint _address;
    private readonly ConcurrentDictionary<string, long> _results = new();
    private readonly Task[] _clients;
    private readonly Lock _lock = new();
    private volatile bool _isOver;
    private long _done;
    private (long Count, TaskCompletionSource Reached) _goal = (long.MaxValue, new TaskCompletionSource());

    public ConnectLoad(IPEndPoint address)
    {
        _address = address;
        _clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(RunAsync))];
    }

    /// <summary>Waits until so many more have been tried.</summary>
    public Task ReachAsync(long count)
    {
        lock (_lock)
        {
            _goal = (_done + count, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            return _goal.Reached.Task;
        }
    }

    /// <returns>Each result with its number, by name.</returns>
    public async Task<string> EndAsync()
    {
        _isOver = true;
        await Task.WhenAll(_clients);
        return string.Join(' ', _results.OrderBy(result => result.Key, StringComparer.Ordinal).Select(
            result => string.Create(CultureInfo.InvariantCulture, $"{result.Key}={result.Value}")));
    }

    private async Task RunAsync()
    {
        byte[] buffer = new byte[64];
        while (!_isOver)
        {
            string result;
            try
            {
                using Socket socket = new(_address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                // A reset at the end instead of a minute in TIME_WAIT: the ports would run out.
                socket.LingerState = new LingerOption(true, 0);
                await socket.ConnectAsync(_address);
                int length = await socket.ReceiveAsync(buffer);
                result = Encoding.UTF8.GetString(buffer, 0, length);
            }
            catch (SocketException e)
            {
                result = $"error:{e.SocketErrorCode}";
            }

            _results.AddOrUpdate(result, 1, (_, count) => count + 1);
            lock (_lock)
            {
                if (++_done >= _goal.Count)
                {
                    _goal.Reached.TrySetResult();
                }
            }
        }
    }
}
