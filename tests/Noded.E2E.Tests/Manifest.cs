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

    internal static string Web(string name, int port) => Pod(name, "Always", "serve", "--http", $"{port}");
}
