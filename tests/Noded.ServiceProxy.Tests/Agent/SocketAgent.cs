using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Noded.Linux.Namespaces;
using Noded.ServiceProxy.Datapath;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>
/// Sockets inside a cgroup and a network namespace, by commands on standard input, one line each; each is answered by
/// one line. Servers answer everybody with their name.
/// </summary>
internal sealed class SocketAgent : IDisposable
{
    private const int SolSocket = 1;
    private const int SoMark = 36;

    // An answer that does not come is an answer too; long enough for a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, Socket> _servers = [];
    private readonly Dictionary<string, Socket> _clients = [];
    private ConnectLoad? _load;
    private NodeAgent? _node;

    internal static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        using SocketAgent agent = new();
        while (await input.ReadLineAsync() is string line)
        {
            string answer;
            try
            {
                answer = await agent.ExecuteAsync(line.Split(' '));
            }
            catch (SocketException e)
            {
                answer = $"error {e.SocketErrorCode}";
            }
            catch (OperationCanceledException)
            {
                answer = "error NoAnswer";
            }

            await output.WriteLineAsync(answer);
            await output.FlushAsync();
        }

        return 0;
    }

    public void Dispose()
    {
        Reset();
        _node?.Dispose();
    }

    private async Task<string> ExecuteAsync(string[] words)
    {
        switch (words)
        {
            case ["reset"]:
                return Reset();
            case ["cookie"]:
                return Cookie();
            case ["listen-tcp", string address, string name]:
                return Listen(IPEndPoint.Parse(address), name);
            case ["listen-udp", string address, string name]:
                return Answer(IPEndPoint.Parse(address), name);
            case ["close", string name]:
                _servers.Remove(name, out Socket? server);
                server!.Dispose();
                return "ok";
            case ["tcp", string address]:
                return await ConnectAsync(IPEndPoint.Parse(address), isMapped: false);
            case ["tcp-marked", string mark, string address]:
                return await ConnectAsync(
                    IPEndPoint.Parse(address), isMapped: false, uint.Parse(mark, CultureInfo.InvariantCulture));
            case ["tcp-mapped", string address]:
                return await ConnectAsync(IPEndPoint.Parse(address), isMapped: true);
            case ["udp-send", string client, string address]:
                return await SendAsync(client, IPEndPoint.Parse(address));
            case ["udp", string client, string address]:
                return await AskAsync(client, IPEndPoint.Parse(address), isConnected: false);
            case ["udp-connected", string client, string address]:
                return await AskAsync(client, IPEndPoint.Parse(address), isConnected: true);
            case ["udp-mapped", string client, string address]:
                IPEndPoint v4 = IPEndPoint.Parse(address);
                return await AskAsync(client, new IPEndPoint(v4.Address.MapToIPv6(), v4.Port), isConnected: true);
            case ["listen-echo", string address, string name]:
                _servers.Add(name, BulkTransfer.Echo(IPEndPoint.Parse(address)));
                return "ok";
            case ["echo", string size, string address]:
                return await BulkTransfer.RunAsync(
                    int.Parse(size, CultureInfo.InvariantCulture), IPEndPoint.Parse(address), Patience);
            case ["udp-many" or "udp-as-one", string count, string address]:
                return await BulkTransfer.SendDatagramsAsync(
                    int.Parse(count, CultureInfo.InvariantCulture), words[0] == "udp-as-one", IPEndPoint.Parse(address), Patience);
            case ["proxy", string pins, string cgroup]:
                return await WholeProxy.RunAsync(pins, cgroup);
            case ["node", string pins, string hook]:
                _node = new NodeAgent(pins, Enum.Parse<Noded.Bpf.LinkHook>(hook));
                return "ok";
            case ["rules" or "attach" or "local" or "service" or "pods" or "links" or "attached", ..]:
                return _node!.Execute(words);
            case ["churn", string pins, string steps]:
                ListChurn.Run(pins, int.Parse(steps, CultureInfo.InvariantCulture));
                return "ok";
            case ["load", string address]:
                _load = new ConnectLoad(IPEndPoint.Parse(address));
                return "ok";
            case ["load-reached", string count]:
                await _load!.ReachAsync(long.Parse(count, CultureInfo.InvariantCulture));
                return "ok";
            case ["load-end"]:
                return await _load!.EndAsync();
            default:
                return $"error unknown command {words[0]}";
        }
    }

    private string Reset()
    {
        foreach (Socket socket in _servers.Values.Concat(_clients.Values))
        {
            socket.Dispose();
        }

        _servers.Clear();
        _clients.Clear();
        return "ok";
    }

    private static string Cookie() => NamespaceCookies.Read(NetworkNamespace.Own).ToString(CultureInfo.InvariantCulture);

    private string Listen(IPEndPoint address, string name)
    {
        Socket server = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        server.Bind(address);
        server.Listen(4096);
        _servers.Add(name, server);
        _ = AcceptAsync(server, Encoding.UTF8.GetBytes(name));
        return "ok";
    }

    private static async Task AcceptAsync(Socket server, byte[] name)
    {
        try
        {
            while (true)
            {
                using Socket client = await server.AcceptAsync();
                await client.SendAsync(name);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private string Answer(IPEndPoint address, string name)
    {
        Socket server = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(address);
        _servers.Add(name, server);
        _ = AnswerAsync(server, Encoding.UTF8.GetBytes(name));
        return "ok";
    }

    private static async Task AnswerAsync(Socket server, byte[] name)
    {
        try
        {
            byte[] buffer = new byte[64];
            EndPoint any = new IPEndPoint(
                server.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
            while (true)
            {
                SocketReceiveFromResult received = await server.ReceiveFromAsync(buffer, any);
                await server.SendToAsync(name, received.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    /// <returns>Who answered, and the peer that the socket names.</returns>
    private static async Task<string> ConnectAsync(IPEndPoint address, bool isMapped, uint mark = 0)
    {
        using CancellationTokenSource limit = new(Patience, TimeProvider.System);
        using Socket socket = new(
            isMapped ? AddressFamily.InterNetworkV6 : address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (isMapped)
        {
            socket.DualMode = true;
        }

        if (mark != 0)
        {
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(mark));
        }

        await socket.ConnectAsync(
            isMapped ? new IPEndPoint(address.Address.MapToIPv6(), address.Port) : address, limit.Token);
        byte[] buffer = new byte[64];
        int length = await socket.ReceiveAsync(buffer, limit.Token);
        return $"{Encoding.UTF8.GetString(buffer, 0, length)} {socket.RemoteEndPoint}";
    }

    private async Task<string> SendAsync(string name, IPEndPoint address)
    {
        Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _clients.Add(name, socket);
        await socket.SendToAsync(new byte[] { 1 }, address);
        return "ok";
    }

    private async Task<string> AskAsync(string name, IPEndPoint address, bool isConnected)
    {
        using CancellationTokenSource limit = new(Patience, TimeProvider.System);
        if (!_clients.TryGetValue(name, out Socket? socket))
        {
            socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (address.Address.IsIPv4MappedToIPv6)
            {
                socket.DualMode = true;
            }

            _clients.Add(name, socket);
            if (isConnected)
            {
                await socket.ConnectAsync(address, limit.Token);
            }
        }

        byte[] question = [1];
        _ = isConnected
            ? await socket.SendAsync(question, limit.Token)
            : await socket.SendToAsync(question, address, limit.Token);
        byte[] buffer = new byte[64];
        SocketReceiveFromResult received = await socket.ReceiveFromAsync(
            buffer, new IPEndPoint(address.Address, 0), limit.Token);
        return $"{Encoding.UTF8.GetString(buffer, 0, received.ReceivedBytes)} {received.RemoteEndPoint}";
    }
}
