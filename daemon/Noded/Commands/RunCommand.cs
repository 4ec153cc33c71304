using System.CommandLine;
using Noded.Api.Serialization;
using Noded.Composition;
using Noded.Hosting;
using Noded.Kubelet.Configuration;
using Noded.Network;
using Noded.Primitives;

namespace Noded.Commands;

/// <summary><c>noded run</c>: the daemon.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        Option<string> root = CommonOptions.Root();
        Option<string?> config = new("--config")
        {
            Description = "KubeletConfiguration of this node; by default /etc/noded/config.yaml below the root, where it exists",
        };
        Option<string?> configDir = new("--config-dir")
        {
            Description = "Directory of *.conf files that change the configuration; by default /etc/noded/config.d below the root",
        };
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
            Description = "Addresses of the cluster's DNS servers, answered by this node where they are Services' addresses; by default the tenth of each service CIDR; none, and pods resolve names as the machine does",
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
            root, config, configDir, nodeName, nodeIp, healthzPort, podCidr, clusterCidr, serviceCidr, clusterDns, clusterDomain, containerd, runc,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            NodePaths paths = parsed.Paths(root);
            if (TryReadSettings(paths, parsed.GetValue(config), parsed.GetValue(configDir)) is not { } settings)
            {
                return 1;
            }

            // What the command line says goes before what the files say.
            NodedOptions options = new(paths)
            {
                Settings = settings,
                NodeIp = parsed.GetRequiredValue(nodeIp),
                HealthzPort = IsGiven(parsed, healthzPort) ? parsed.GetRequiredValue(healthzPort)
                    : settings.HealthzPort ?? parsed.GetRequiredValue(healthzPort),
                Network = new NodeNetworkOptions(
                    parsed.Cidrs(podCidr), parsed.Cidrs(clusterCidr), parsed.Cidrs(serviceCidr)),
                ClusterDns = IsGiven(parsed, clusterDns)
                    ? [.. CommonOptions.Split(parsed.GetValue(clusterDns))]
                    : settings.ClusterDns ?? NodeDns.DefaultAddresses(parsed.Cidrs(serviceCidr)),
                ClusterDomain = IsGiven(parsed, clusterDomain) ? parsed.GetRequiredValue(clusterDomain)
                    : settings.ClusterDomain ?? parsed.GetRequiredValue(clusterDomain),
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

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Null after it has said what is wrong.</summary>
    private static KubeletSettings? TryReadSettings(NodePaths paths, string? file, string? directory)
    {
        try
        {
            return KubeletSettingsReader.Read(
                file ?? paths.Configuration, directory ?? paths.ConfigurationDirectory, mustExist: file is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ManifestException)
        {
            Console.Error.WriteLine(e.Message);
            return null;
        }
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
