using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary><c>noded exec</c> on real containerd.</summary>
[Trait("Category", "E2E")]
public sealed class ExecTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exec_Commands_WriteReadAndEndAsTheyDoElsewhere()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        node.Place("web.yaml", Manifest.Web("web", 8080));
        await node.WaitIdleAsync(Token);

        ProgramResult written = await ExecAsync("web-node1", "--", "/testimage", "log", "2");
        Assert.Equal((0, true, true), (
            written.ExitCode,
            written.Output.StartsWith("out 1 xxx", StringComparison.Ordinal),
            written.Error.StartsWith("err 2 xxx", StringComparison.Ordinal)));
        Assert.Equal(42, (await ExecAsync("web-node1", "-c", "main", "--", "/testimage", "exit", "42")).ExitCode);
        Assert.Equal(3, (await ExecAsync("web-node1", "-t", "--", "/testimage", "exit", "3")).ExitCode);
        for (int i = 0; i < 5; i++)
        {
            // Nobody types, and it is over at once: nothing of it is lost.
            ProgramResult shown = await ExecAsync("web-node1", "-t", "--", "/testimage", "log", "2");
            Assert.StartsWith("out 1 xxx", shown.Output, StringComparison.Ordinal);
            Assert.Contains("\nerr 2 xxx", shown.Output, StringComparison.Ordinal);
        }

        await using (ChildProcess cat = await node.Sandbox.StartAsync(
            PublishedBinary.Path, ["exec", "--root", node.Paths.Root, "-i", "web-node1", "--", "/testimage", "cat"], Token))
        {
            await cat.WriteLineAsync("hello", Token);
            Assert.Equal("hello", await cat.Output.ReadAsync(Token));
        }

        ProgramResult piped = await node.Sandbox.RunAsync(
            "sh", ["-c", $"printf 'one\\ntwo' | '{PublishedBinary.Path}' exec --root {node.Paths.Root} -i web-node1 -- /testimage cat"], Token);
        Assert.Equal((0, "one\ntwo"), (piped.ExitCode, piped.Output));

        // A terminal writes back what is typed, and ends a line as terminals do.
        await using (ChildProcess terminal = await node.Sandbox.StartAsync(
            PublishedBinary.Path, ["exec", "--root", node.Paths.Root, "-i", "-t", "web-node1", "--", "/testimage", "cat"], Token))
        {
            await terminal.WriteLineAsync("typed", Token);
            Assert.Equal(["typed", "typed"], [await terminal.Output.ReadAsync(Token), await terminal.Output.ReadAsync(Token)]);
        }

        AssertRefused(await ExecAsync("nobody", "--", "/testimage"), "There is no pod nobody on this node.");
        AssertRefused(await ExecAsync("web-node1", "-c", "other", "--", "/testimage"), "Pod default/web-node1 has no container other, only: main.");
        Assert.NotEqual(0, (await ExecAsync("web-node1", "--", "/missing")).ExitCode);

        Task<ProgramResult> ExecAsync(params string[] words) =>
            node.RunAsync(["exec", "--root", node.Paths.Root, .. words], Token);
    }

    private static void AssertRefused(ProgramResult result, string message) =>
        Assert.Equal((1, message), (result.ExitCode, result.Error.Trim()));
}
