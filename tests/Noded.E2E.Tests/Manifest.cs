namespace Noded.E2E.Tests;

/// <summary>Static pod manifests.</summary>
internal static class Manifest
{
    /// <summary>A pod in the sandbox's host network with one container that runs the test image.</summary>
    internal static string Pod(string name, string restartPolicy, params string[] arguments) =>
        $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
        spec:
          hostNetwork: true
          restartPolicy: {restartPolicy}
          terminationGracePeriodSeconds: 2
          containers:
          - name: main
            image: {TestNode.Image}
            args: [{string.Join(", ", arguments.Select(argument => $"\"{argument}\""))}]
        """;

    /// <summary>A pod with a network of its own that serves its page on port 80.</summary>
    internal static string OwnNetwork(string name, string metadata = "", string ports = "") =>
        $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
          {metadata}
        spec:
          terminationGracePeriodSeconds: 2
          containers:
          - name: main
            image: {TestNode.Image}
            args: [serve, --http, "80"]
            {ports}
        """;

    /// <summary>A pod without a network that sleeps, or does what the test image is told, with resources as in YAML.</summary>
    internal static string Alone(string name, string resources, string policy = "Always", params string[] command)
    {
        string args = command.Length == 0 ? "sleep, \"1000\"" : string.Join(", ", command.Select(word => $"\"{word}\""));
        return $$"""
            apiVersion: v1
            kind: Pod
            metadata:
              name: {{name}}
              annotations: {noded.dev/network: none}
            spec:
              restartPolicy: {{policy}}
              terminationGracePeriodSeconds: 1
              containers:
              - name: app
                image: {{TestNode.Image}}
                args: [{{args}}]
                resources: {{resources}}
            """;
    }

    internal static string Web(string name, int port) => Pod(name, "Always", "serve", "--http", $"{port}");
}
