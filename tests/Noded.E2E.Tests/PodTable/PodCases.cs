using static Noded.E2E.Tests.PodTable.PodCase;

namespace Noded.E2E.Tests.PodTable;

/// <summary>The pods of the table, by what they are about.</summary>
internal static partial class PodCases
{
    private const string Never = "restartPolicy: Never";
    private const string OnFailure = "restartPolicy: OnFailure";
    private const string Forever = "sleep 3600";

    internal static IEnumerable<PodCase> All =>
    [
        .. Exits, .. InitContainers, .. Sidecars, .. Deadlines, .. Environments, .. Volumes, .. Securities, .. Resources,
        .. Probes, .. Hooks, .. Namespaces, .. Names, .. Images, .. Messages, .. Commands, .. Admissions, .. Several,
    ];

    private static IEnumerable<PodCase> Exits =>
    [
        .. ((string[])["Never", "OnFailure", "Always"]).SelectMany(policy => ((int[])[0, 1, 2, 42, 255]).Select(code =>
            new PodCase($"exit-{code}-{policy.ToLowerInvariant()}", $"restartPolicy: {policy}", [Just($"exit {code}")]))),
        new("exit-137-never", Never, [Just("exit 137")]),
        new("exit-143-never", Never, [Just("exit 143")]),
        new("exit-rule-restarts-on-42", Never,
            [Just("exit 42", "restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]")]),
        new("exit-rule-ignores-others", Never,
            [Just("exit 1", "restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]")]),
        new("exit-container-policy-always", Never, [Just("exit 0", "restartPolicy: Always")]),
        new("exit-container-policy-never", "", [Just("exit 1", "restartPolicy: Never")]),
        new("exit-memory", Never, [Just("eat-memory 200", "resources: {limits: {memory: 32Mi}}")]),
    ];

    private static IEnumerable<PodCase> InitContainers =>
    [
        new("init-one", "", [Just(Forever)]) { InitContainers = [Container("i1", "exit 0")] },
        new("init-three", "", [Just(Forever)])
        {
            InitContainers = [Container("i1", "exit 0"), Container("i2", "exit 0"), Container("i3", "exit 0")],
        },
        new("init-fails-never", Never, [Just(Forever)]) { InitContainers = [Container("i1", "exit 3")] },
        new("init-fails-onfailure", OnFailure, [Just(Forever)]) { InitContainers = [Container("i1", "exit 3")] },
        new("init-fails-always", "", [Just(Forever)]) { InitContainers = [Container("i1", "exit 3")] },
        new("init-second-fails-never", Never, [Just(Forever)])
        {
            InitContainers = [Container("i1", "exit 0"), Container("i2", "exit 3"), Container("i3", "exit 0")],
        },
        new("init-runs-on", "", [Just("exit 0")]) { InitContainers = [Container("i1", Forever)] },
        new("init-then-job", Never, [Just("exit 0")]) { InitContainers = [Container("i1", "exit 0")] },
        new("init-writes-main-reads", Never + "\nvolumes: [{name: v, emptyDir: {}}]",
            [Just("show /v/f", "volumeMounts: [{name: v, mountPath: /v}]")], Log: "")
        {
            InitContainers = [Container("i1", "write /v/f hello 0", "volumeMounts: [{name: v, mountPath: /v}]")],
        },
        new("init-image-absent", Never, [Just(Forever)])
        {
            InitContainers = ["{name: i1, image: 'noded.internal/none:1', imagePullPolicy: Never}"],
        },
    ];

    private static IEnumerable<PodCase> Sidecars =>
    [
        new("sidecar-with-server", "", [Just(Forever)])
        {
            InitContainers = [Container("s1", Forever, "restartPolicy: Always")],
        },
        new("sidecar-with-job", Never, [Just("exit 0")])
        {
            InitContainers = [Container("s1", Forever, "restartPolicy: Always")],
        },
        new("sidecar-with-failed-job", Never, [Just("exit 5")])
        {
            InitContainers = [Container("s1", Forever, "restartPolicy: Always")],
        },
        new("sidecar-then-init", Never, [Just("exit 0")])
        {
            InitContainers = [Container("s1", Forever, "restartPolicy: Always"), Container("i1", "exit 0")],
        },
        new("sidecar-startup-probe", "", [Just(Forever)])
        {
            InitContainers =
            [
                Container("s1", Forever,
                    "restartPolicy: Always, startupProbe: {periodSeconds: 1, timeoutSeconds: 20, exec: {command: [/testimage, exit, '0']}}"),
            ],
        },
        new("sidecar-two-with-job", Never, [Just("exit 0")])
        {
            InitContainers =
            [
                Container("s1", Forever, "restartPolicy: Always"), Container("s2", Forever, "restartPolicy: Always"),
            ],
        },
    ];

    private static IEnumerable<PodCase> Deadlines =>
    [
        new("deadline-passes", "activeDeadlineSeconds: 1", [Just(Forever)]),
        new("deadline-passes-never", Never + "\nactiveDeadlineSeconds: 1", [Just(Forever)]),
        new("deadline-in-init", "activeDeadlineSeconds: 1", [Just(Forever)]) { InitContainers = [Container("i1", Forever)] },
        new("deadline-is-far", "activeDeadlineSeconds: 3600", [Just(Forever)]),
        new("deadline-met", Never + "\nactiveDeadlineSeconds: 3600", [Just("exit 0")]),
    ];

    private static IEnumerable<PodCase> Probes =>
    [
        new("probe-ready-exec", "", [Just(Forever, "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, exec: {command: [/testimage, exit, '0']}}")]),
        new("probe-unready-exec", "", [Just(Forever, "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, exec: {command: [/testimage, exit, '1']}}")]),
        new("probe-ready-http", "",
            [Just("serve --http 8080", "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, httpGet: {port: 8080, path: /health}}")]),
        new("probe-unready-http", "",
            [Just("serve --http 8080", "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, httpGet: {port: 8080, path: /status/500}}")]),
        new("probe-ready-tcp", "", [Just("serve --tcp 8080", "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, tcpSocket: {port: 8080}}")]),
        new("probe-ready-grpc", "", [Just("serve --grpc 8080", "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, grpc: {port: 8080}}")]),
        new("probe-ready-named-port", "",
            [Just("serve --http 8080", "ports: [{name: web, containerPort: 8080}], readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, httpGet: {port: web}}")]),
        new("probe-liveness-fails", "",
            [Just(Forever, "livenessProbe: {periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1, exec: {command: [/testimage, exit, '1']}}")]),
        new("probe-liveness-fails-never", Never,
            [Just(Forever, "livenessProbe: {periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1, exec: {command: [/testimage, exit, '1']}}")]),
        new("probe-startup-succeeds", "",
            [Just(Forever, "startupProbe: {periodSeconds: 1, timeoutSeconds: 20, exec: {command: [/testimage, exit, '0']}}")]),
        new("probe-startup-fails-never", Never,
            [Just(Forever, "startupProbe: {periodSeconds: 1, timeoutSeconds: 20, failureThreshold: 1, exec: {command: [/testimage, exit, '1']}}")]),
    ];

    private static IEnumerable<PodCase> Hooks =>
    [
        new("hook-poststart", "", [Just(Forever, "lifecycle: {postStart: {exec: {command: [/testimage, exit, '0']}}}")]),
        new("hook-poststart-fails", Never, [Just(Forever, "lifecycle: {postStart: {exec: {command: [/testimage, exit, '1']}}}")]),
        new("hook-prestop", "", [Just(Forever, "lifecycle: {preStop: {exec: {command: [/testimage, exit, '0']}}}")]),
        new("hook-prestop-sleep", "", [Just(Forever, "lifecycle: {preStop: {sleep: {seconds: 1}}}")]),
        new("hook-poststart-http", "",
            [Just(Forever, "lifecycle: {postStart: {httpGet: {port: 8080}}}")])
        {
            // At the pod's own address, and there before the hook asks.
            InitContainers =
            [
                Container("server", "serve --http 8080", "restartPolicy: Always, startupProbe: {periodSeconds: 5, tcpSocket: {port: 8080}}"),
            ],
        },
    ];

    private static IEnumerable<PodCase> Messages =>
    [
        new("message-file", Never, [Just("write /dev/termination-log bye 0")]),
        new("message-file-of-failure", Never, [Just("write /dev/termination-log sorry 4")]),
        new("message-other-path", Never, [Just("write /tmp/last bye 0", "terminationMessagePath: /tmp/last")]),
        new("message-from-log", Never, [Just("show /none", "terminationMessagePolicy: FallbackToLogsOnError")]),
        new("message-none", Never, [Just("exit 0")]),
        new("message-log-not-on-success", Never, [Just("env", "terminationMessagePolicy: FallbackToLogsOnError")]),
    ];

    private static IEnumerable<PodCase> Commands =>
    [
        new("command-replaces-entrypoint", Never, ["{name: main, image: noded.internal/testimage:1, command: [/testimage, exit, '6']}"]),
        new("command-and-args", Never, ["{name: main, image: noded.internal/testimage:1, command: [/testimage], args: [exit, '7']}"]),
        new("command-not-there", Never, ["{name: main, image: noded.internal/testimage:1, command: [/none]}"]),
        new("command-not-there-always", "", ["{name: main, image: noded.internal/testimage:1, command: [/none]}"]),
        new("command-expands", Never, [Just("exit $(CODE)", "env: [{name: CODE, value: '8'}]")]),
        new("command-unknown-stays", Never, [Just("show /$(NONE)")]),
        new("command-working-directory", Never, [Just("show status Name", "workingDir: /proc/self")], Log: ""),
        new("command-wrong-call", Never, [Just("nonsense")]),
    ];

    private static IEnumerable<PodCase> Several =>
    [
        new("several-run", "", [Container("a", Forever), Container("b", Forever), Container("c", Forever)]),
        new("several-all-succeed", Never, [Container("a", "exit 0"), Container("b", "exit 0")]),
        new("several-one-fails", Never, [Container("a", "exit 0"), Container("b", "exit 1")]),
        new("several-one-runs-on", Never, [Container("a", "exit 1"), Container("b", Forever)]),
        new("several-one-crashes", "", [Container("a", Forever), Container("b", "exit 1")]),
        new("several-share-a-volume", Never + "\nvolumes: [{name: v, emptyDir: {}}]",
            [
                Container("a", "write /v/f x 0", "volumeMounts: [{name: v, mountPath: /v}]"),
                Container("b", "exit 0", "volumeMounts: [{name: v, mountPath: /v}]"),
            ]),
        new("several-share-localhost", "",
            [Container("a", "serve --http 8080"), Container("b", Forever, "readinessProbe: {periodSeconds: 1, timeoutSeconds: 20, httpGet: {host: '', port: 8080}}")]),
    ];
}
