using System.Collections.Immutable;
using System.Net;
using Noded.Linux.Files;
using Noded.Primitives;

namespace Noded.Dns.Forwarding;

/// <summary>
/// The machine's resolvers, from its resolv.conf. That is looked at whenever somebody asks, and read again once it has
/// changed. systemd-resolved's stub stands for the file with the real ones; our own addresses would be a loop.
/// </summary>
/// <param name="etc">The machine's /etc.</param>
/// <param name="run">The machine's /run.</param>
/// <param name="own">Where this server is asked.</param>
internal sealed class UpstreamServers(ImmutableArray<IPAddress> own, string etc = "/etc", string run = "/run")
{
    private const int Port = 53;
    private const int MaxLength = 64 * 1024;

    /// <summary>systemd-resolved's two stubs.</summary>
    private static readonly IPAddress[] Stubs = [IPAddress.Parse("127.0.0.53"), IPAddress.Parse("127.0.0.54")];

    private readonly string[] _paths = [Path.Combine(etc, "resolv.conf"), Path.Combine(run, "systemd/resolve/resolv.conf")];
    private readonly Lock _lock = new();
    private (FileStamp?, FileStamp?)? _read;
    private ImmutableArray<IPEndPoint> _servers = [];

    /// <summary>Empty when there is none.</summary>
    public ImmutableArray<IPEndPoint> Current()
    {
        (FileStamp?, FileStamp?) now = (FileStamp.TryRead(_paths[0]), FileStamp.TryRead(_paths[1]));
        lock (_lock)
        {
            if (_read != now)
            {
                _servers = [.. Read().Select(address => new IPEndPoint(address, Port))];
                _read = now;
            }

            return _servers;
        }
    }

    internal static ImmutableArray<IPAddress> Parse(string text)
    {
        ImmutableArray<IPAddress>.Builder servers = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);

            // A link-local address has its link behind a percent sign, which only the platform's parser reads.
            if (words is ["nameserver", { } server, ..]
                && (IPAddressText.TryParse(server, out IPAddress? address)
                    || (server.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(server, out address))))
            {
                servers.Add(address);
            }
        }

        return servers.ToImmutable();
    }

    private ImmutableArray<IPAddress> Read()
    {
        ImmutableArray<IPAddress> configured = Parse(TryRead(_paths[0]));
        if (configured.Length > 0 && configured.All(Stubs.Contains))
        {
            configured = Parse(TryRead(_paths[1]));
        }

        return [.. configured.Distinct().Where(address => !Stubs.Contains(address) && !own.Contains(address))];
    }

    private static string TryRead(string path)
    {
        try
        {
            using StreamReader reader = new(path);
            char[] text = new char[MaxLength];
            return new string(text, 0, reader.ReadBlock(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
