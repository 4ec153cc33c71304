using Noded.Primitives;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>The cgroups of pods as slices of the systemd that runs the machine, whichever version of cgroups it has.</summary>
[Trait("Category", "E2E")]
[Trait("Category", "Machine")]
public sealed class SystemdCgroupTests
{
    private const string Settings = """
        cgroupDriver: systemd
        podPidsLimit: 77
        systemReserved: {cpu: 500m, memory: 512Mi, pid: "2000"}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slices_OfEachClass_KeepTheirLimitsOverAReloadAndTheDaemonsDeath()
    {
        await using SystemdNode node = await SystemdNode.CreateAsync(Settings, Token);
        await node.PlaceAsync("guaranteed.yaml", Manifest.Alone("guaranteed", "{limits: {cpu: 205m, memory: 64Mi}}"), Token);
        await node.PlaceAsync("burstable.yaml", Manifest.Alone("burstable", "{requests: {cpu: 500m}}"), Token);
        await node.PlaceAsync("besteffort.yaml", Manifest.Alone("besteffort", "{}"), Token);
        await node.WaitIdleAsync(Token);
        string processes = await node.ShellAsync("pgrep -x testimage | sort", Token);
        bool isUnified = await node.ShellAsync("stat -fc %T /sys/fs/cgroup", Token) == "cgroup2fs";

        // What CRI calls unified resources, containerd hands on from 1.7.
        bool hasUnifiedResources = !(await node.ShellAsync("containerd --version", Token)).Contains(" 1.6.", StringComparison.Ordinal);
        string guaranteed = await SliceAsync(node, "kubepods-pod");
        string burstable = await SliceAsync(node, "kubepods-burstable-pod");

        await AssertLimitsAsync();
        await node.ShellAsync("systemctl daemon-reload", Token);
        await AssertLimitsAsync();
        await node.ShellAsync("systemctl kill --signal=KILL noded", Token);
        await node.StartDaemonAsync(Token);
        await node.WaitIdleAsync(Token);
        await AssertLimitsAsync();

        Assert.Equal(3, processes.Split('\n').Length);
        Assert.Equal(processes, await node.ShellAsync("pgrep -x testimage | sort", Token));

        async Task AssertLimitsAsync()
        {
            // systemd writes a quota down in hundredths of a processor.
            Assert.Equal("210ms", await node.ShowAsync(guaranteed, "CPUQuotaPerSecUSec", Token));
            Assert.Equal("67108864", await node.ShowAsync(guaranteed, isUnified ? "MemoryMax" : "MemoryLimit", Token));
            Assert.Equal(isUnified ? "59" : "512", await node.ShowAsync(burstable, isUnified ? "CPUWeight" : "CPUShares", Token));
            Assert.Equal(
                isUnified ? "59" : "512",
                await node.ShowAsync("kubepods-burstable.slice", isUnified ? "CPUWeight" : "CPUShares", Token));
            Assert.Equal(
                isUnified ? "1" : "2",
                await node.ShowAsync("kubepods-besteffort.slice", isUnified ? "CPUWeight" : "CPUShares", Token));
            Assert.Equal("77", await node.ShowAsync(burstable, "TasksMax", Token));

            string memory = isUnified ? "memory.max" : "memory.limit_in_bytes";
            Assert.Equal("67108864", await ReadAsync(node, guaranteed, memory));
            Assert.Equal("77", await ReadAsync(node, guaranteed, "pids.max"));
            if (isUnified && hasUnifiedResources)
            {
                // The sandbox's own and the container's.
                Assert.Equal(
                    "0\n1",
                    await node.ShellAsync($"cat $(find /sys/fs/cgroup -name {guaranteed})/cri-containerd-*/memory.oom.group | sort", Token));
            }

            Assert.Equal(
                await node.ShowAsync("kubepods.slice", isUnified ? "MemoryMax" : "MemoryLimit", Token),
                await ReadAsync(node, "kubepods.slice", memory));
            Assert.Equal(
                isUnified ? "59" : "512", await ReadAsync(node, burstable, isUnified ? "cpu.weight" : "cpu.shares"));
        }
    }

    [Fact]
    public async Task Containers_OfPods_AreScopesInThePodsSlice()
    {
        await using SystemdNode node = await SystemdNode.CreateAsync(Settings, Token);
        await node.PlaceAsync("burstable.yaml", Manifest.Alone("burstable", "{requests: {cpu: 500m}}"), Token);
        await node.WaitIdleAsync(Token);
        string slice = await SliceAsync(node, "kubepods-burstable-pod");

        string cgroups = await node.ShellAsync("cat /proc/$(pgrep -x testimage)/cgroup", Token);
        string figures = await node.ShellAsync("curl --silent http://127.0.0.1:10248/metrics/resource", Token);
        await node.RemoveAsync("burstable.yaml", Token);
        await node.WaitIdleAsync(Token);

        Assert.Contains($"/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-", cgroups, StringComparison.Ordinal);
        Assert.Matches("container_memory_working_set_bytes\\{[^}]*\\} [1-9]", figures);
        Assert.Equal("inactive", await node.ShowAsync(slice, "ActiveState", Token));
        Assert.Equal("", await node.ShellAsync($"find /sys/fs/cgroup -name {slice}", Token));
    }

    [Fact]
    public async Task MemoryHog_InASlice_IsKilledAndResetLeavesNothing()
    {
        await using SystemdNode node = await SystemdNode.CreateAsync(Settings, Token);
        await node.PlaceAsync("hog.yaml", Manifest.Alone("hog", "{limits: {memory: 32Mi}}", "Never", "eat-memory", "200"), Token);
        await node.PlaceAsync("web.yaml", Manifest.Alone("web", "{}"), Token);
        await node.ShellAsync($"until '{SystemdNode.Binary}' timeline | grep -q '→ Failed'; do sleep 0.1; done", Token);

        string pods = await node.ShellAsync($"'{SystemdNode.Binary}' pods --output json", Token);
        await node.ShellAsync($"systemctl stop noded; '{SystemdNode.Binary}' reset", Token);

        Assert.Contains("\"exitCode\":137", pods, StringComparison.Ordinal);

        // With cgroup v2 systemd may remove the scope before containerd has read why (containerd's issue 8893); the
        // kernel's log still knows.
        Assert.Contains("\"reason\":\"OOMKilled\"", pods, StringComparison.Ordinal);
        Assert.Equal("", await node.ShellAsync("find /sys/fs/cgroup -name '*kubepods*' -o -name 'cri-containerd-*'", Token));
        Assert.Equal(
            "", await node.ShellAsync("systemctl list-units --all --plain --no-legend 'kubepods*' 'cri-containerd-*' 'noded*'", Token));
        Assert.Equal("", await node.ShellAsync("ls -d /var/lib/noded /run/noded 2>/dev/null || :", Token));
    }

    [Fact]
    public async Task Slices_OfANodeWithARootOfItsOwn_AreBelowOneOfItsName()
    {
        SystemdMachine.Require();
        Requires.Program("containerd", "runc");
        const string Root = "/var/lib/n";
        string top = new NodePaths(Root).CgroupPrefix.Replace('-', '_');
        await using SystemdMachine machine = await SystemdMachine.BootAsync(Token);
        await ShellAsync(
            $$"""
            mkdir -p {{Root}}/etc/noded {{Root}}/etc/kubernetes/manifests
            cat > {{Root}}/etc/noded/config.yaml <<'END'
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            cgroupDriver: systemd
            END
            cat > {{Root}}/etc/kubernetes/manifests/pod.yaml <<'END'
            {{Manifest.Alone("pod", "{}")}}
            END
            systemd-run --quiet --collect --unit=nd-own --service-type=notify {{SystemdNode.Binary}} run --root {{Root}} --node-name node1
            until {{SystemdNode.Binary}} images import --root {{Root}} {{SystemdNode.ImageArchive}}; do sleep 0.1; done
            until pgrep -x testimage; do sleep 0.1; done
            """);

        string cgroups = await ShellAsync("cat /proc/$(pgrep -x testimage)/cgroup");
        await ShellAsync($"systemctl stop nd-own; {SystemdNode.Binary} reset --root {Root} && rm -r {Root}");

        Assert.Contains(
            $"/{top}.slice/{top}-kubepods.slice/{top}-kubepods-besteffort.slice/{top}-kubepods-besteffort-pod", cgroups, StringComparison.Ordinal);
        Assert.Equal("", await ShellAsync($"systemctl list-units --all --plain --no-legend '{top}*'"));

        async Task<string> ShellAsync(string command) =>
            (await machine.RunAsync("sh", ["-c", command], Token)).OrThrow().Output.TrimEnd('\n');
    }

    [Theory]
    [InlineData(false, "cgroupDriver: systemd: systemd does not run this machine; use cgroupDriver: cgroupfs.")]
    [InlineData(true, "cgroupDriver: systemd: connect to the system bus: No such file or directory; install and start dbus, or use cgroupDriver: cgroupfs.")]
    public async Task Daemon_WithoutSystemdOrItsBus_SaysWhichSettingNeedsIt(bool looksBooted, string expected)
    {
        Requires.Root();
        Requires.Program("containerd");
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        Directory.CreateDirectory(Path.GetDirectoryName(sandbox.Paths.Configuration)!);
        await File.WriteAllTextAsync(
            sandbox.Paths.Configuration,
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: systemd\n",
            Token);
        if (looksBooted)
        {
            (await sandbox.RunAsync("mkdir", ["-p", "/run/systemd/system"], Token)).OrThrow();
        }

        ProgramResult result = await sandbox.RunAsync(SystemdNode.Binary, ["run", "--root", sandbox.Root], Token);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(expected, result.Error.Trim());
    }

    /// <summary>The one slice of a name that begins so.</summary>
    private static async Task<string> SliceAsync(SystemdNode node, string prefix) => Assert.Single(
        (await node.ShellAsync($"systemctl list-units --plain --no-legend '{prefix}*.slice' | cut -d' ' -f1", Token)).Split('\n'));

    private static Task<string> ReadAsync(SystemdNode node, string slice, string file) =>
        node.ShellAsync($"cat $(find /sys/fs/cgroup -path '*/{slice}/{file}')", Token);
}
