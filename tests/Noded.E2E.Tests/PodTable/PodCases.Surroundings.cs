using static Noded.E2E.Tests.PodTable.PodCase;

namespace Noded.E2E.Tests.PodTable;

internal static partial class PodCases
{
    private static IEnumerable<PodCase> Environments =>
    [
        Env("env-literal", "{name: A, value: one}"),
        Env("env-empty", "{name: A}"),
        Env("env-refers-back", "{name: B, value: two}, {name: A, value: '$(B)-three'}"),
        Env("env-refers-forward", "{name: A, value: '$(B)-three'}, {name: B, value: two}"),
        Env("env-escaped", "{name: A, value: '$$(B)'}"),
        Env("env-last-one-counts", "{name: A, value: one}, {name: A, value: two}"),
        Env("env-name", "{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"),
        Env("env-namespace", "{name: A, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}"),
        Env("env-label", "{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['tier']\"}}}"),
        Env("env-annotation", "{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['note']\"}}}"),
        Env("env-node", "{name: A, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}"),
        Env("env-account", "{name: A, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}"),
        Env("env-cpu-limit", "{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}", "resources: {requests: {cpu: 10m}, limits: {cpu: 1500m}}"),
        Env("env-memory-limit-in-mebibytes", "{name: A, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}", "resources: {limits: {memory: 64Mi}}"),
        Env("env-cpu-request-in-millis", "{name: A, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}", "resources: {requests: {cpu: 50m}}"),
        Env("env-other-containers-limit", "{name: A, valueFrom: {resourceFieldRef: {containerName: main, resource: limits.memory}}}", "resources: {limits: {memory: 64Mi}}"),
    ];

    private static IEnumerable<PodCase> Volumes =>
    [
        Volume("volume-empty", "emptyDir: {}", "write /v/f x 0"),
        Volume("volume-in-memory", "emptyDir: {medium: Memory, sizeLimit: 1Mi}", "write /v/f x 0"),
        Volume("volume-read-only", "emptyDir: {}", "write /v/f x 0", "readOnly: true"),
        Volume("volume-sub-path", "emptyDir: {}", "write /v/f x 0", "subPath: a/b"),
        Volume("volume-sub-path-expression", "emptyDir: {}", "write /v/f x 0", "subPathExpr: $(P)", "env: [{name: P, value: p}]"),
        Volume("volume-host-directory", "hostPath: {path: /etc, type: Directory}", "show /v/hostname none"),
        Volume("volume-host-any", "hostPath: {path: /etc}", "show /v/hostname none"),
        Volume("volume-host-made", "hostPath: {path: /run/pod-table/made, type: DirectoryOrCreate}", "write /v/f x 0"),
        Volume("volume-host-file", "hostPath: {path: /etc/passwd, type: File}", "show /v root:"),
        Volume("volume-host-file-made", "hostPath: {path: /run/pod-table-file, type: FileOrCreate}", "show /v"),
        Volume("volume-host-device", "hostPath: {path: /dev/null, type: CharDevice}", "exit 0"),
        Volume("volume-host-wrong-type", "hostPath: {path: /etc/passwd, type: Directory}", "exit 0"),
        Volume("volume-host-not-there", "hostPath: {path: /none, type: Directory}", "exit 0"),
        Volume("volume-host-socket-wrong", "hostPath: {path: /etc/passwd, type: Socket}", "exit 0"),
        Volume("volume-host-block-wrong", "hostPath: {path: /dev/null, type: BlockDevice}", "exit 0"),
    ];

    private static IEnumerable<PodCase> Securities =>
    [
        Status("security-default", "", "Uid"),
        Status("security-user", "runAsUser: 1000", "Uid"),
        Status("security-user-and-group", "runAsUser: 1000, runAsGroup: 2000", "Uid", "Gid"),
        Status("security-no-new-privileges", "allowPrivilegeEscalation: false", "NoNewPrivs"),
        Status("security-new-privileges", "allowPrivilegeEscalation: true", "NoNewPrivs"),
        Status("security-drop-all", "capabilities: {drop: [ALL]}", "CapEff"),
        Status("security-drop-all-but-one", "capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}", "CapEff"),
        Status("security-default-capabilities", "", "CapEff"),
        Status("security-seccomp-default", "seccompProfile: {type: RuntimeDefault}", "Seccomp:"),
        Status("security-seccomp-unconfined", "seccompProfile: {type: Unconfined}", "Seccomp:"),
        Status("security-not-root-is-not", "runAsNonRoot: true, runAsUser: 1000", "Uid"),
        Status("security-not-root-is", "runAsNonRoot: true", "Uid"),
        Status("security-not-root-user-zero", "runAsNonRoot: true, runAsUser: 0", "Uid"),
        new("security-pods-user", Never + "\nsecurityContext: {runAsUser: 1001, runAsGroup: 2001, supplementalGroups: [3001, 3002], fsGroup: 4001}",
            [Just("show /proc/self/status Uid Gid Groups")], Log: ""),
        new("security-containers-user-goes-before", Never + "\nsecurityContext: {runAsUser: 1001}",
            [Just("show /proc/self/status Uid", "securityContext: {runAsUser: 1002}")], Log: ""),
        new("security-root-is-read-only", Never, [Just("write /f x 0", "securityContext: {readOnlyRootFilesystem: true}")]),
        new("security-root-is-writable", Never, [Just("write /f x 0")]),
        new("security-fs-group-of-a-volume", Never + "\nsecurityContext: {runAsUser: 1000, fsGroup: 4001}\nvolumes: [{name: v, emptyDir: {}}]",
            [Just("write /v/f x 0", "volumeMounts: [{name: v, mountPath: /v}]")]),
        new("security-sysctl", Never + "\nsecurityContext: {sysctls: [{name: net.ipv4.ip_local_port_range, value: '32768 61000'}]}",
            [Just("show /proc/sys/net/ipv4/ip_local_port_range")], Log: ""),
        new("security-privileged", Never, [Just("show /proc/self/status Seccomp:", "securityContext: {privileged: true}")], Log: ""),
    ];

    private static IEnumerable<PodCase> Resources =>
    [
        Sized("resources-none", ""),
        Sized("resources-guaranteed", "resources: {limits: {cpu: 100m, memory: 32Mi}}"),
        Sized("resources-burstable-requests", "resources: {requests: {cpu: 50m}}"),
        Sized("resources-burstable-less-than-limits", "resources: {requests: {cpu: 50m, memory: 16Mi}, limits: {cpu: 100m, memory: 32Mi}}"),
        Sized("resources-burstable-memory-only", "resources: {limits: {memory: 32Mi}}"),
        Sized("resources-ephemeral", "resources: {limits: {ephemeral-storage: 100Mi}}"),
        new("resources-two-guaranteed", "",
            [
                Container("a", Forever, "resources: {limits: {cpu: 100m, memory: 32Mi}}"),
                Container("b", Forever, "resources: {limits: {cpu: 100m, memory: 32Mi}}"),
            ]),
        new("resources-one-of-two", "",
            [Container("a", Forever, "resources: {limits: {cpu: 100m, memory: 32Mi}}"), Container("b", Forever)]),
        new("resources-zero-requests", "", [Just(Forever, "resources: {requests: {cpu: '0', memory: '0'}}")]),
    ];

    private static IEnumerable<PodCase> Namespaces =>
    [
        new("namespace-host-network", "hostNetwork: true\n" + Never, [Just("exit 0")]),
        new("namespace-host-pid", "hostPID: true\n" + Never, [Just("exit 0")]),
        new("namespace-host-ipc", "hostIPC: true\n" + Never, [Just("exit 0")]),
        new("namespace-shared-pid", "shareProcessNamespace: true\n" + Never, [Just("show /proc/1/comm")], Log: ""),
        new("namespace-own-pid", Never, [Just("show /proc/1/comm")], Log: ""),
        new("namespace-no-network", Never, [Just("exit 0")]) { Annotations = "{noded.dev/network: none}" },
    ];

    private static IEnumerable<PodCase> Names =>
    [
        new("name-is-the-pods", Never, [Just("show /etc/hostname")], Log: ""),
        new("name-is-given", Never + "\nhostname: given", [Just("show /etc/hostname")], Log: ""),
        new("name-with-subdomain", Never + "\nhostname: given\nsubdomain: sub", [Just("show /etc/hostname")], Log: ""),
        new("name-is-full", Never + "\nhostname: given\nsubdomain: sub\nsetHostnameAsFQDN: true", [Just("show /proc/sys/kernel/hostname")], Log: ""),
        new("name-aliases", Never + "\nhostAliases: [{ip: 192.0.2.7, hostnames: [a.test, b.test]}]", [Just("show /etc/hosts 192.0.2")], Log: ""),
        new("name-dns-none", Never + "\ndnsPolicy: None\ndnsConfig: {nameservers: [192.0.2.53], searches: [x.test], options: [{name: ndots, value: '3'}]}",
            [Just("show /etc/resolv.conf")], Log: ""),
        new("name-dns-cluster", Never, [Just("show /etc/resolv.conf nameserver options")], Log: ""),
        new("name-dns-more", Never + "\ndnsConfig: {options: [{name: edns0}, {name: ndots, value: '2'}]}",
            [Just("show /etc/resolv.conf options")], Log: ""),
    ];

    private static IEnumerable<PodCase> Images =>
    [
        new("image-present-never", "", [Just(Forever, "imagePullPolicy: Never")]),
        new("image-present-if-not", "", [Just(Forever, "imagePullPolicy: IfNotPresent")]),
        new("image-absent-never", "", ["{name: main, image: 'noded.internal/none:1', imagePullPolicy: Never}"]),
        new("image-absent", "", ["{name: main, image: 'noded.internal/none:1'}"]),
        new("image-of-one-container-absent", "", [Container("a", Forever), "{name: b, image: 'noded.internal/none:1', imagePullPolicy: Never}"]),
        new("image-name-is-wrong", "", ["{name: main, image: 'No:Good:Name'}"]),
    ];

    private static IEnumerable<PodCase> Admissions =>
    [
        new("admission-sysctl", "securityContext: {sysctls: [{name: net.core.somaxconn, value: '1024'}]}", [Just(Forever)]),
        new("admission-too-much-memory", "", [Just(Forever, "resources: {requests: {memory: 100Ti}}")]),
        new("admission-too-much-cpu", "", [Just(Forever, "resources: {requests: {cpu: '10000'}}")]),
        new("admission-host-port", "", [Just(Forever, "ports: [{containerPort: 80, hostPort: 18080}]")]),
    ];

    private static PodCase Env(string name, string env, string more = "") => new(
        name, Never, [Just("env", $"env: [{env}]{(more.Length == 0 ? "" : $", {more}")}")], Log: "A=");

    private static PodCase Volume(string name, string volume, string command, string mount = "", string more = "") => new(
        name,
        $"{Never}\nvolumes: [{{name: v, {volume}}}]",
        [
            Just(
                command,
                $"volumeMounts: [{{name: v, mountPath: /v{(mount.Length == 0 ? "" : $", {mount}")}}}]{(more.Length == 0 ? "" : $", {more}")}"),
        ],
        Log: command.StartsWith("show", StringComparison.Ordinal) ? "" : null);

    private static PodCase Status(string name, string securityContext, params string[] lines) => new(
        name,
        Never,
        [Just($"show /proc/self/status {string.Join(' ', lines)}", securityContext.Length == 0 ? "" : $"securityContext: {{{securityContext}}}")],
        Log: "");

    private static PodCase Sized(string name, string resources) => new(name, "", [Just(Forever, resources)]);
}
