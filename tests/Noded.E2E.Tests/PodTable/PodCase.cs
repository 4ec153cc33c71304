namespace Noded.E2E.Tests.PodTable;

/// <summary>A pod of the table: what is special about it, in YAML.</summary>
/// <param name="Pod">Fields of its specification, a line each.</param>
/// <param name="Containers">Each in flow style.</param>
/// <param name="Log">Lines of the container main that begin so are a part of the result; null for none.</param>
internal sealed record PodCase(string Name, string Pod, string[] Containers, string? Log = null)
{
    private const string Image = "image: noded.internal/testimage:1";

    public string[] InitContainers { get; init; } = [];

    /// <summary>Annotations in flow style.</summary>
    public string Annotations { get; init; } = "{note: a note}";

    public string Manifest =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{Name}}, labels: {app: {{Name}}, tier: front}, annotations: {{Annotations}}}
        spec:
          terminationGracePeriodSeconds: 20
        {{Lines(Pod.Split('\n'))}}
          initContainers:{{(InitContainers.Length == 0 ? " []" : "\n" + Items(InitContainers))}}
          containers:
        {{Items(Containers)}}
        """;

    /// <summary>A container with the test image.</summary>
    /// <param name="command">The test program's arguments, separated by blanks; a text in quotation marks is one.</param>
    internal static string Container(string name, string command, string more = "") =>
        $"{{name: {name}, {Image}, args: [{Arguments(command)}]{(more.Length == 0 ? "" : $", {more}")}}}";

    /// <summary>The container called main.</summary>
    internal static string Just(string command, string more = "") => Container("main", command, more);

    private static string Arguments(string command) =>
        string.Join(", ", command.Split(' ').Select(word => $"'{word}'"));

    private static string Lines(IEnumerable<string> lines) =>
        string.Join('\n', lines.Where(line => line.Length > 0).Select(line => $"  {line}"));

    private static string Items(IEnumerable<string> items) => string.Join('\n', items.Select(item => $"  - {item}"));
}
