using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Noded.ServiceProxy.Datapath;

/// <summary>
/// The node itself for the programs: its network namespace, and its addresses, where node ports answer. Addresses that
/// come later are added as the kernel reports them.
/// </summary>
internal sealed class NodeClient : IDisposable
{
    private const int SolSocket = 1;
    private const int SoNetnsCookie = 71;

    private readonly ServiceMaps _maps;
    private readonly Lock _lock = new();
    private bool _disposed;

    public NodeClient(ServiceMaps maps)
    {
        _maps = maps;
        NetworkChange.NetworkAddressChanged += OnChanged;
    }

    /// <summary>Makes the maps say what the machine has now.</summary>
    public void Write()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            IPAddress[] addresses =
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .SelectMany(link => link.GetIPProperties().UnicastAddresses)
                    .Select(address => new IPAddress(address.Address.GetAddressBytes()))
                    .Where(address => !IPAddress.IsLoopback(address))
                    .Distinct(),
            ];
            MapAddress[] keys = [.. addresses.Select(address => new MapAddress(address))];
            foreach (MapAddress gone in _maps.LocalAddresses.Keys().Except(keys))
            {
                _maps.LocalAddresses.Remove(gone);
            }

            foreach (MapAddress key in keys)
            {
                _maps.LocalAddresses.Set(key, 1);
            }

            _maps.Clients.Set(
                Cookie(),
                new ClientEntry(
                    ClientFlags.Host,
                    addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork),
                    addresses.FirstOrDefault(address => address is
                    {
                        AddressFamily: AddressFamily.InterNetworkV6,
                        IsIPv6LinkLocal: false,
                    })));
        }
    }

    public void Dispose()
    {
        NetworkChange.NetworkAddressChanged -= OnChanged;
        lock (_lock)
        {
            _disposed = true;
        }
    }

    /// <summary>The kernel's number of this network namespace (5.14).</summary>
    private static ulong Cookie()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        byte[] cookie = new byte[sizeof(ulong)];
        socket.GetRawSocketOption(SolSocket, SoNetnsCookie, cookie);
        return BitConverter.ToUInt64(cookie);
    }

    private void OnChanged(object? sender, EventArgs e) => Write();
}
