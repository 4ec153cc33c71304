using System.CommandLine;
using Noded.Composition;
using Noded.Hosting;
using Noded.Network;
using Noded.Primitives;

namespace Noded.Commands;

/// <summary><c>noded run</c>: the daemon.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<string?> nodeName = new("--node-name") { Description = "Name of this node; by default the host's name" };
        Option<string> nodeIp = new("--node-ip")
        {
            Description = "Address of this node, which pods in its network report",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        Option<int> healthzPort = new("--healthz-port")
        {
            Description = "Port on the loopback address for /healthz, /livez, /readyz and /metrics; 0 for none",
            DefaultValueFactory = _ => NodedOptions.DefaultHealthzPort,
        };
        Option<string[]> clusterDns = new("--cluster-dns")
        {
            Description = "Addresses of the cluster's DNS servers; without any, pods resolve names as the machine does",
        };
        Option<string> clusterDomain = new("--cluster-domain")
        {
            Description = "The last part of the cluster's names",
            DefaultValueFactory = _ => "cluster.local",
        };
        clusterDns.Validators.Add(result =>
        {
            foreach (string text in CommonOptions.Split(result.GetValueOrDefault<string[]>()).Where(text => !IPAddressText.TryParse(text, out _)))
            {
                result.AddError($"--cluster-dns {text}: needs an IP address.");
            }
        });
        Option<string> containerd = new("--containerd")
        {
            Description = "The containerd binary to run",
            DefaultValueFactory = _ => FindProgram("containerd"),
        };
        Option<string> runc = new("--runc")
        {
            Description = "The runc binary that containerd uses",
            DefaultValueFactory = _ => FindProgram("runc"),
        };

        Option<string[]> podCidr = CommonOptions.Cidrs(
            "--pod-cidr", "Addresses of this node's pods, at most one CIDR of each family; none when another agent connects them",
            NodeNetworkOptions.Default.PodCidrs);
        Option<string[]> clusterCidr = CommonOptions.Cidrs(
            "--cluster-cidr", "Addresses of all nodes' pods; what no better route has is unreachable",
            NodeNetworkOptions.Default.ClusterCidrs);
        Option<string[]> serviceCidr = CommonOptions.Cidrs(
            "--service-cidr", "Addresses of Services; what no better route has is unreachable",
            NodeNetworkOptions.Default.ServiceCidrs);

        Command command = new("run", "Run the node: containerd, kubelet, health and the operator's socket")
        {
            root, nodeName, nodeIp, healthzPort, podCidr, clusterCidr, serviceCidr, clusterDns, clusterDomain, containerd, runc,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            NodedOptions options = new(parsed.Paths(root))
            {
                NodeIp = parsed.GetRequiredValue(nodeIp),
                HealthzPort = parsed.GetRequiredValue(healthzPort),
                Network = new NodeNetworkOptions(
                    parsed.Cidrs(podCidr), parsed.Cidrs(clusterCidr), parsed.Cidrs(serviceCidr)),
                ClusterDns = [.. CommonOptions.Split(parsed.GetValue(clusterDns))],
                ClusterDomain = parsed.GetRequiredValue(clusterDomain),
                Containerd = parsed.GetRequiredValue(containerd),
                Runc = parsed.GetRequiredValue(runc),
            };
            if (parsed.GetValue(nodeName) is { } name)
            {
                options = options with { NodeName = name.ToLowerInvariant() };
            }

            if (options.Network.Validate() is { IsEmpty: false } errors)
            {
                await Console.Error.WriteLineAsync(string.Join('\n', errors));
                return 1;
            }

            try
            {
                return await NodeHost.RunAsync(options, cancellationToken);
            }
            catch (IOException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }

    /// <summary>The program in PATH, or in the places that a service's PATH may lack.</summary>
    private static string FindProgram(string name)
    {
        string path = Environment.GetEnvironmentVariable("PATH") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists, $"/usr/bin/{name}");
    }
}
