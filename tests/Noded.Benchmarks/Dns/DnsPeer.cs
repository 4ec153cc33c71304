using System.Globalization;
using System.Text;
using Noded.Testing;

namespace Noded.Benchmarks.Dns;

/// <summary>A name server under load: where it is asked, and the process that answers.</summary>
internal sealed class DnsPeer(string name, string address, int pid, ChildProcess? process) : IAsyncDisposable
{
    internal string Name => name;

    internal string Address => address;

    /// <summary>As the machine numbers it.</summary>
    internal int Pid => pid;

    internal static string ServiceName(int number) => $"svc-{number}.bench.svc.cluster.local";

    internal static string ServiceAddress(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"10.97.{number / 250}.{(number % 250) + 1}");

    /// <summary>unbound with one thread, which has the names as its own data.</summary>
    internal static async Task<DnsPeer> StartUnboundAsync(NodeSandbox sandbox, int services, CancellationToken cancellationToken)
    {
        const string Address = "127.0.53.1";
        StringBuilder config = new($"""
            server:
              interface: {Address}
              do-daemonize: no
              num-threads: 1
              chroot: ""
              username: ""
              directory: "{sandbox.Root}"
              pidfile: ""
              use-syslog: no
              access-control: 127.0.0.0/8 allow
              local-zone: "cluster.local." static

            """);
        for (int i = 0; i < services; i++)
        {
            config.AppendLine(CultureInfo.InvariantCulture, $"  local-data: \"{ServiceName(i)}. 5 IN A {ServiceAddress(i)}\"");
        }

        string file = Path.Combine(sandbox.Root, "unbound.conf");
        await File.WriteAllTextAsync(file, config.ToString(), cancellationToken);
        return await StartAsync(sandbox, "unbound", Address, ["-c", file], cancellationToken);
    }

    /// <summary>dnsmasq, which has the names from a hosts file.</summary>
    internal static async Task<DnsPeer> StartDnsmasqAsync(NodeSandbox sandbox, int services, CancellationToken cancellationToken)
    {
        const string Address = "127.0.53.2";
        string file = Path.Combine(sandbox.Root, "dnsmasq.hosts");
        await File.WriteAllLinesAsync(
            file, Enumerable.Range(0, services).Select(i => $"{ServiceAddress(i)} {ServiceName(i)}"), cancellationToken);
        return await StartAsync(
            sandbox,
            "dnsmasq",
            Address,
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file", $"--listen-address={Address}",
                "--bind-interfaces", "--no-resolv", "--no-hosts", $"--addn-hosts={file}", "--local=/cluster.local/", "--local-ttl=5",
            ],
            cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }
    }

    private static async Task<DnsPeer> StartAsync(
        NodeSandbox sandbox, string program, string address, string[] arguments, CancellationToken cancellationToken)
    {
        ChildProcess process = await sandbox.StartAsync(program, arguments, cancellationToken);
        return new DnsPeer(program, address, process.Id, process);
    }
}
