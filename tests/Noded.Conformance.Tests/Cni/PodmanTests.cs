using Noded.Testing;

namespace Noded.Conformance.Tests.Cni;

/// <summary>Debian's podman, a runtime that we did not write, drives our plugins for containers from a directory.</summary>
[Trait("Category", "Conformance")]
public sealed class PodmanTests : IAsyncLifetime
{
    private const string Serve = "/usr/bin/socat TCP4-LISTEN:80,fork,reuseaddr 'SYSTEM:echo $SOCAT_PEERADDR'";
    private const string Retry = "retry=100,interval=0.1";

    private CniHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("podman", "runc");
        _host = await CniHost.CreateAsync(CniImplementation.Noded, "bridge", "host-local", "portmap", "tuning", "loopback");
        await _host.RunAsync($$$"""
            set -e
            cd {{{_host.Root}}}
            mkdir conf rootfs var
            for directory in usr lib lib64 bin etc proc dev sys tmp run; do mkdir rootfs/$directory; done

            # What podman keeps beside its own directories does not reach the machine.
            mount -t tmpfs none var
            mkdir var/upper var/work
            mount -t overlay none /var -o lowerdir=/var,upperdir={{{_host.Root}}}/var/upper,workdir={{{_host.Root}}}/var/work

            cat > containers.conf <<END
            [network]
            network_backend = "cni"
            cni_plugin_dirs = ["{{{_host.PluginDirectory}}}"]
            network_config_dir = "{{{_host.Root}}}/conf"
            default_network = "noded"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "none"
            runtime = "runc"
            END
            cat > conf/noded.conflist <<END
            {"cniVersion": "1.0.0", "name": "noded", "plugins": [
             {"type": "bridge", "bridge": "br1", "isGateway": true, "ipMasq": true, "hairpinMode": true,
              "ipam": {"type": "host-local", "dataDir": "{{{_host.DataDirectory}}}", "ranges": [[{"subnet": "10.1.2.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
             {"type": "portmap", "capabilities": {"portMappings": true}},
             {"type": "tuning", "sysctl": {"net.core.somaxconn": "77"}}]}
            END
            """);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task RunAndRemove_TwoContainers_HaveANetworkAndLeaveNothing()
    {
        await PodmanAsync(Run("c1", "-d -p 18080:80", Serve));

        string seen = await PodmanAsync(Run("c2", "", $"/usr/bin/socat -u TCP4:10.1.2.2:80,{Retry} STDOUT"));
        Assert.Equal("10.1.2.3", seen.Trim());
        Assert.Equal("77", (await PodmanAsync("exec c1 /usr/bin/cat /proc/sys/net/core/somaxconn")).Trim());
        Assert.Equal("10.1.2.1", (await _host.RunAsync($"socat -T5 -u TCP4:127.0.0.1:18080,{Retry} STDOUT")).Trim());

        await PodmanAsync("rm -f -t 0 c1 c2");

        Assert.Equal("", await _host.RunAsync("ip -o link show type veth"));
        Assert.Equal("", await _host.RunAsync("nft list ruleset"));
        Assert.Equal("", await _host.RunAsync($"ls {_host.DataDirectory}/noded | grep -v -e lock -e last_ || :"));
    }

    private string Run(string name, string options, string command) => $"""
        run --name {name} --cgroup-parent /{_host.CgroupPrefix}/podman --network noded {options} \
        -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -v /bin:/bin:ro --rootfs {_host.Root}/rootfs {command}
        """;

    private Task<string> PodmanAsync(string arguments) => _host.RunAsync(
        $"cd {_host.Root} && CONTAINERS_CONF={_host.Root}/containers.conf podman --root {_host.Root}/lib --runroot /run/podman {arguments}");
}
