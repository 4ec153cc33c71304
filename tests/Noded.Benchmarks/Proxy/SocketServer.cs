using System.Net;
using System.Net.Sockets;

namespace Noded.Benchmarks.Proxy;

/// <summary>Answers one connection after the other, on every address that the sandbox has.</summary>
internal static class SocketServer
{
    private const int Backlog = 4096;

    internal static void Run(TextWriter output)
    {
        using Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        server.Bind(new IPEndPoint(IPAddress.Any, BenchmarkServices.BackendPort));
        server.Listen(Backlog);
        output.WriteLine("ready");
        output.Flush();
        byte[] buffer = new byte[SocketClient.MessageLength];
        while (true)
        {
            Answer(server, buffer);
        }
    }

    private static void Answer(Socket server, byte[] buffer)
    {
        try
        {
            using Socket client = server.Accept();
            client.NoDelay = true;
            while (client.Receive(buffer) is > 0 and int length)
            {
                client.Send(buffer, length, SocketFlags.None);
            }
        }
        catch (SocketException)
        {
            // Clients end by a reset: a minute in TIME_WAIT would use up the ports.
        }
    }
}
