using System.Globalization;
using System.Text.Json;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>The binary's verbs as a person or a script uses them.</summary>
[Trait("Category", "E2E")]
public sealed class CommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pods_AsTableAndJson_ShowThePod()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        string table = (await node.RunAsync(["pods", "--root", node.Paths.Root], Token)).OrThrow().Output;
        string json = (await node.RunAsync(["pods", "-o", "json", "--root", node.Paths.Root], Token)).OrThrow().Output;

        string[] lines = table.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"],
            lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["default", "web-node1", "1/1", "Running", "0"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..5]);
        JsonElement pod = JsonDocument.Parse(json).RootElement.GetProperty("items")[0];
        Assert.Equal("web-node1", pod.GetProperty("metadata").GetProperty("name").GetString());
        Assert.Equal("Running", pod.GetProperty("status").GetProperty("phase").GetString());
        Assert.Equal("file", pod.GetProperty("metadata").GetProperty("annotations").GetProperty("kubernetes.io/config.source").GetString());
    }

    [Fact]
    public async Task Status_AsJson_NamesEveryComponent()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        string json = (await node.RunAsync(["status", "-o", "json", "--root", node.Paths.Root], Token)).OrThrow().Output;

        JsonElement status = JsonDocument.Parse(json).RootElement;
        Assert.Equal("node1", status.GetProperty("node").GetString());
        Assert.Equal(
            ["inotify", "network", "cni", "containerd", "kubelet", "services", "service-proxy", "dns", "runtime"],
            status.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("name").GetString()));
        Assert.All(
            status.GetProperty("components").EnumerateArray(),
            component => Assert.True(component.GetProperty("healthy").GetBoolean()));
    }

    [Fact]
    public async Task Cni_Install_MakesTheLinksThatRuntimesCall()
    {
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);
        string directory = sandbox.Root + "/bin";

        ProgramResult installed =
            await sandbox.RunAsync(PublishedBinary.Path, ["cni", "install", "--bin-dir", directory], Token);
        File.Delete(directory + "/bridge");
        await File.WriteAllTextAsync(directory + "/bridge", "theirs", Token);
        ProgramResult again =
            await sandbox.RunAsync(PublishedBinary.Path, ["cni", "install", "--bin-dir", directory], Token);
        ProgramResult version = await sandbox.RunAsync(
            "sh", ["-c", $"echo '{{\"cniVersion\":\"1.1.0\"}}' | CNI_COMMAND=VERSION {directory}/host-local"], Token);

        Assert.Contains("\nhost-local\n", installed.OrThrow().Output, StringComparison.Ordinal);
        Assert.Contains("\"1.1.0\"", version.OrThrow().Output, StringComparison.Ordinal);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("bridge: not ours, left as it is", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_TailPreviousAndFollow_ShowWhatTheContainerWrote()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("log.yaml", Manifest.Pod("log", "Never", "log", "1000"));
        await node.WaitForTimelineAsync(entry => entry.What.EndsWith("→ Succeeded", StringComparison.Ordinal), 1, Token);

        string all = (await node.RunAsync(["logs", "log-node1", "--root", node.Paths.Root], Token)).OrThrow().Output;
        string tail = (await node.RunAsync(["logs", "log-node1", "--tail", "3", "--root", node.Paths.Root], Token)).OrThrow().Output;
        string follow = (await node.RunAsync(["logs", "log-node1", "-f", "--root", node.Paths.Root], Token)).OrThrow().Output;
        ProgramResult previous = await node.RunAsync(["logs", "log-node1", "-p", "--root", node.Paths.Root], Token);

        string[] lines = all.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1000, lines.Length);
        Assert.Equal(lines[^3..], tail.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(all, follow);
        Assert.Equal(1, previous.ExitCode);
        Assert.Equal("Container main of log-node1 has no previous instance.", previous.Error.Trim());
    }

    [Fact]
    public async Task Images_BuiltImportedAndListed_NeedNoRegistry()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        string recipe = Path.Combine(node.Paths.Root, "hello.json");
        string archive = Path.Combine(node.Paths.Root, "hello.tar");
        await File.WriteAllTextAsync(
            recipe,
            """{"reference": "noded.internal/hello:2", "layers": [{"entries": [{"file": "/hello", "text": "hello"}]}]}""",
            Token);

        (await node.RunAsync(["images", "build", recipe, "-f", archive, "--format", "docker"], Token)).OrThrow();
        (await node.RunAsync(["images", "import", archive, "--root", node.Paths.Root], Token)).OrThrow();
        string list = (await node.RunAsync(["images", "list", "--root", node.Paths.Root], Token)).OrThrow().Output;

        Assert.Contains("noded.internal/hello:2", list, StringComparison.Ordinal);
        Assert.Contains("noded.internal/pause:1", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SecondDaemonOfOneRoot_IsRefused()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        ProgramResult second = await node.RunAsync(["run", "--root", node.Paths.Root], Token);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("noded runs already", second.Error, StringComparison.Ordinal);
        Assert.Equal("node1", (await node.StatusAsync(Token)).Node);
    }

    [Fact]
    public async Task Verbs_WithoutADaemon_SayHowToStartOne()
    {
        Requires.Root();
        await using NodeSandbox sandbox = await NodeSandbox.CreateAsync(Token);

        ProgramResult result = await sandbox.RunAsync(PublishedBinary.Path, ["status", "--root", sandbox.Root], Token);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"Start it with: noded run --root {sandbox.Root}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_OfARunningNode_IsOk()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);

        foreach (string path in (string[])["livez", "healthz", "readyz"])
        {
            Assert.Equal("ok", await node.FetchAsync($"http://127.0.0.1:10248/{path}", Token));
        }

        string metrics = await node.FetchAsync("http://127.0.0.1:10248/metrics", Token);
        Assert.Contains("kubelet_pleg_relist_duration_seconds_count", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_runtime_operations_total{operation_type=\"list_podsandbox\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("kubelet_running_pods 0", metrics, StringComparison.Ordinal);
        Assert.InRange(Metric(metrics, "process_open_fds"), 10, 500);
        Assert.InRange(Metric(metrics, "process_resident_memory_bytes"), 10e6, 500e6);
        Assert.InRange(
            TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - Metric(metrics, "process_start_time_seconds"), -2, 120);
    }

    [Fact]
    public async Task Metrics_OfANodeWithAPod_AreOfItsStartItsFilesAndTheServer()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitForEventAsync(nodeEvent => nodeEvent.Reason == "Started", Token);
        await node.WaitIdleAsync(Token);
        await node.FetchAsync("http://127.0.0.1:10248/healthz", Token);

        string metrics = await node.FetchAsync("http://127.0.0.1:10248/metrics", Token);

        foreach (string name in (string[])[
            "kubelet_active_pods{static=\"true\"}",
            "kubelet_cgroup_manager_duration_seconds_count{operation_type=\"create\"}",
            "kubelet_cgroup_manager_duration_seconds_count{operation_type=\"update\"}",
            "kubelet_containers_per_pod_count_count",
            "kubelet_http_inflight_requests{method=\"GET\",path=\"metrics\",server_type=\"readonly\",long_running=\"false\"}",
            "kubelet_http_requests_total{method=\"GET\",path=\"healthz\",server_type=\"readonly\",long_running=\"false\"}",
            "kubelet_http_requests_duration_seconds_count{method=\"GET\",path=\"healthz\",server_type=\"readonly\",long_running=\"false\"}",
            "kubelet_image_manager_ensure_image_requests_total{pull_policy=\"ifnotpresent\",present_locally=\"true\",pull_required=\"false\"}",
            "kubelet_pod_start_sli_duration_seconds_count",
            "kubelet_running_containers{container_state=\"running\"}",
            "kubelet_running_pods",
            "kubelet_run_podsandbox_duration_seconds_count{runtime_handler=\"\"}",
            "kubelet_working_pods{lifecycle=\"sync\",config=\"desired\",static=\"true\"}",
        ])
        {
            Assert.Contains($"\n{name} 1\n", metrics, StringComparison.Ordinal);
        }

        Assert.InRange(Metric(metrics, "kubelet_cgroup_version"), 1, 2);
        Assert.Equal(0, Metric(metrics, "kubelet_working_pods{lifecycle=\"terminating\",config=\"runtime_only\",static=\"unknown\"}"));
        Assert.Contains("\nkubernetes_build_info{major=\"1\",minor=\"36\",git_version=\"v1.36.", metrics, StringComparison.Ordinal);
        Assert.Contains("\nkubelet_container_log_filesystem_used_bytes{uid=\"", metrics, StringComparison.Ordinal);
        Assert.Contains("\nvolume_manager_total_volumes{plugin_name=\"kubernetes.io/empty-dir\",state=\"actual_state_of_world\"} 0\n", metrics, StringComparison.Ordinal);

        node.Remove("web.yaml");
        await node.WaitForTimelineAsync(entry => entry is { Subject: "pod default/web-node1", What: "removed" }, 1, Token);
        Assert.DoesNotContain(
            "\nkubelet_container_log_filesystem_used_bytes{", await node.FetchAsync("http://127.0.0.1:10248/metrics", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_Resource_AreOfNodePodAndContainer()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);
        await node.FetchAsync("http://127.0.0.1:8080/", Token);

        string metrics = await node.FetchAsync("http://127.0.0.1:10248/metrics/resource", Token);

        const string pod = "namespace=\"default\",pod=\"web-node1\"}";
        double ofPod = Metric(metrics, $"pod_memory_working_set_bytes{{{pod}");
        double ofContainer = Metric(metrics, $"container_memory_working_set_bytes{{container=\"main\",{pod}");
        Assert.InRange(ofContainer, 1, ofPod);
        Assert.InRange(ofPod, 1, Metric(metrics, "node_memory_working_set_bytes"));
        Assert.InRange(
            Metric(metrics, $"container_cpu_usage_seconds_total{{container=\"main\",{pod}"),
            0.0001,
            Metric(metrics, $"pod_cpu_usage_seconds_total{{{pod}"));
        Assert.InRange(
            TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - Metric(metrics, $"container_start_time_seconds{{container=\"main\",{pod}"),
            -2, 120);
        Assert.True(Metric(metrics, "node_cpu_usage_seconds_total") > 0);
        Assert.Equal(0, Metric(metrics, "resource_scrape_error"));
    }

    private static double Metric(string metrics, string name) => double.Parse(
        metrics.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[name.Length..],
        CultureInfo.InvariantCulture);
}
