using System.Text;
using Noded.Primitives;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>Writes the configuration of our containerd: format 2 for 1.6 and 1.7, format 3 for 2.x.</summary>
/// <param name="PauseImage">The sandbox image's reference, imported before the first pod.</param>
/// <param name="SystemdCgroup">runc has systemd make the containers' cgroups, as the kubelet does the pods'.</param>
/// <param name="RestrictOomScoreAdj">We lack CAP_SYS_RESOURCE, so no process may get a lower OOM score than we have.</param>
public sealed record ContainerdConfig(
    NodePaths Paths, ContainerdVersion Version, string RuncBinary, string PauseImage, bool SystemdCgroup, bool RestrictOomScoreAdj)
{
    /// <summary>Snapshotters for file systems that we do not use: each costs start-up time and a warning.</summary>
    private static readonly string[] DisabledPlugins =
    [
        "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
        "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
        "io.containerd.snapshotter.v1.blockfile", "io.containerd.tracing.processor.v1.otlp",
        "io.containerd.internal.v1.tracing",
    ];

    /// <summary>
    /// What users add, tables of their own. Not by containerd's <c>imports</c>: before 2.0 a file there that says a word
    /// about CRI replaces all that we say about it.
    /// </summary>
    public string DropIns { get; init; } = string.Empty;

    public string ToToml()
    {
        StringBuilder toml = new();
        toml.Append(
            $"""
            # Written by noded at every start; changes are lost.
            version = {(Version.Major >= 2 ? 3 : 2)}
            root = {Quote(Paths.ContainerdRoot)}
            state = {Quote(Paths.ContainerdState)}
            disabled_plugins = [{string.Join(", ", DisabledPlugins.Select(Quote))}]

            [grpc]
            address = {Quote(Paths.ContainerdSocket)}

            [ttrpc]
            address = {Quote(Paths.ContainerdSocket + ".ttrpc")}

            [debug]
            level = "warn"


            """);
        toml.Append(Version.Major >= 2 ? CriV3() : CriV2());
        toml.Append(DropIns);
        return toml.ToString();
    }

    private string CriV2() =>
        $"""
        [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = {Quote(PauseImage)}
        restrict_oom_score_adj = {Bool(RestrictOomScoreAdj)}
        disable_tcp_service = true
        stream_server_address = "127.0.0.1"
        stream_server_port = "0"

        [plugins."io.containerd.grpc.v1.cri".cni]
        bin_dir = {Quote(Paths.CniBinaries)}
        conf_dir = {Quote(Paths.CniConfig)}

        [plugins."io.containerd.grpc.v1.cri".registry]
        config_path = {Quote(Paths.Registries)}

        [plugins."io.containerd.grpc.v1.cri".containerd]
        snapshotter = "overlayfs"
        default_runtime_name = "runc"

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = {Quote(RuncBinary)}
        Root = {Quote(Paths.ContainerdState + "/runc")}
        SystemdCgroup = {Bool(SystemdCgroup)}

        """;

    private string CriV3() =>
        $"""
        [plugins."io.containerd.cri.v1.images"]
        snapshotter = "overlayfs"

        [plugins."io.containerd.cri.v1.images".pinned_images]
        sandbox = {Quote(PauseImage)}

        [plugins."io.containerd.cri.v1.images".registry]
        config_path = {Quote(Paths.Registries)}

        [plugins."io.containerd.grpc.v1.cri"]
        disable_tcp_service = true
        stream_server_address = "127.0.0.1"
        stream_server_port = "0"

        [plugins."io.containerd.cri.v1.runtime"]
        restrict_oom_score_adj = {Bool(RestrictOomScoreAdj)}

        [plugins."io.containerd.cri.v1.runtime".cni]
        bin_dirs = [{Quote(Paths.CniBinaries)}]
        conf_dir = {Quote(Paths.CniConfig)}

        [plugins."io.containerd.cri.v1.runtime".containerd]
        default_runtime_name = "runc"

        [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"

        [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = {Quote(RuncBinary)}
        Root = {Quote(Paths.ContainerdState + "/runc")}
        SystemdCgroup = {Bool(SystemdCgroup)}

        """;

    private static string Bool(bool value) => value ? "true" : "false";

    /// <summary>A TOML basic string.</summary>
    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
