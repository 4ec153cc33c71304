namespace Noded.Benchmarks.Nodes;

/// <summary>Static pods with one container of the test image in the sandbox's own network.</summary>
internal static class PodManifest
{
    internal const string Image = "noded.internal/testimage:1";
    internal const string Container = "main";

    internal static readonly string[] SleepArguments = ["sleep", "1000000"];

    internal static string Sleeping(string name) => Text(name, SleepArguments);

    internal static string Serving(string name, int port) =>
        Text(name, ["serve", "--bind", "127.0.0.1", "--http", $"{port}"]);

    /// <summary>A directory of the machine as its volume.</summary>
    internal static string Mounting(string name, string directory) => Sleeping(name) + $$"""
            volumeMounts: [{name: v, mountPath: /v}]
          volumes: [{name: v, hostPath: {path: {{directory}}, type: Directory} }]

        """;

    private static string Text(string name, string[] arguments) => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
        spec:
          hostNetwork: true
          containers:
          - name: {Container}
            image: {Image}
            args: [{string.Join(", ", arguments.Select(argument => $"\"{argument}\""))}]

        """;
}
