using System.Net;
using System.Net.Sockets;
using System.Text;
using Noded.Linux.Sockets;

namespace Noded.Linux.Tests.Sockets;

public sealed class DatagramBatchTests : IDisposable
{
    private readonly Socket _server = NewSocket();
    private readonly Socket[] _clients = [NewSocket(), NewSocket()];
    private readonly DatagramBatch _batch = new(capacity: 4, queryLength: 16, answerLength: 32);

    [Fact]
    public async Task Receive_SeveralAreThere_TakesThemTogetherAndAnswersEachSender()
    {
        await SendAsync(0, "a");
        await SendAsync(1, "b");
        await SendAsync(0, "silence");

        int count = _batch.Receive(_server.SafeHandle);
        string[] queries = [.. Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetString(_batch.Query(i)))];
        Answer(0, "to a");
        Answer(1, "to b");
        int sent = _batch.Send(_server.SafeHandle);

        Assert.Equal(["a", "b", "silence"], queries);
        Assert.Equal((2, "to a", "to b"), (sent, await ReceiveAsync(0), await ReceiveAsync(1)));
    }

    [Fact]
    public async Task Receive_MoreThanFit_LeavesTheRestForTheNext()
    {
        for (int i = 0; i < 6; i++)
        {
            await SendAsync(0, $"{i}");
        }

        int[] counts = [_batch.Receive(_server.SafeHandle), _batch.Receive(_server.SafeHandle)];

        Assert.Equal([4, 2], counts);
        Assert.Equal("5", Encoding.ASCII.GetString(_batch.Query(1)));
        Assert.Equal(0, _batch.Send(_server.SafeHandle));
    }

    [Fact]
    public async Task Receive_TooLong_IsCut()
    {
        await SendAsync(0, new string('x', 20));

        Assert.Equal(1, _batch.Receive(_server.SafeHandle));
        Assert.Equal(16, _batch.Query(0).Length);
    }

    [Fact]
    public async Task Receive_SocketIsClosed_Ends()
    {
        TaskCompletionSource started = new();
        Task<Exception?> receiving = Task.Factory.StartNew(
            () =>
            {
                started.SetResult();
                return Record.Exception(() =>
                {
                    while (!_server.SafeHandle.IsClosed)
                    {
                        _batch.Receive(_server.SafeHandle);
                    }
                });
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await started.Task;

        _server.Dispose();

        Exception? error = await receiving.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(error is null or LinuxException or ObjectDisposedException, error?.ToString());
    }

    public void Dispose()
    {
        _server.Dispose();
        Array.ForEach(_clients, client => client.Dispose());
        _batch.Dispose();
    }

    private static Socket NewSocket()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private void Answer(int index, string text)
    {
        Encoding.ASCII.GetBytes(text, _batch.Answer(index));
        _batch.SetAnswer(index, text.Length);
    }

    private async Task SendAsync(int client, string text) => await _clients[client].SendToAsync(
        Encoding.ASCII.GetBytes(text), SocketFlags.None, _server.LocalEndPoint!, TestContext.Current.CancellationToken);

    private async Task<string> ReceiveAsync(int client)
    {
        byte[] buffer = new byte[64];
        int length = await _clients[client].ReceiveAsync(
            buffer, SocketFlags.None, TestContext.Current.CancellationToken);
        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
