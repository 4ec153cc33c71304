using System.Collections.Immutable;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods.Network;

/// <summary>Reads resolv.conf(5).</summary>
internal static class ResolvConfParser
{
    /// <summary>Later lines of one kind take the place of earlier ones, but for servers.</summary>
    internal static ResolvConf Parse(string text)
    {
        ImmutableArray<string>.Builder servers = ImmutableArray.CreateBuilder<string>();
        ImmutableArray<string> searches = [];
        ImmutableArray<string> options = [];
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", { } server, ..]:
                    servers.Add(server);
                    break;
                case ["search", .. { } domains]:
                    searches = [.. domains.Select(domain => domain == "." ? domain : domain.TrimEnd('.'))];
                    break;
                case ["options", .. { } given]:
                    options = [.. given];
                    break;
            }
        }

        return new ResolvConf(servers.ToImmutable(), searches, options);
    }
}
