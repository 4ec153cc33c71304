using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>SCTP, on a machine whose kernel has it.</summary>
[Trait("Category", "E2E")]
[Trait("Category", "Machine")]
public sealed class SctpTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HostPort_OfSctp_LeadsToThePod()
    {
        Assert.SkipUnless(Directory.Exists("/proc/net/sctp"), "Needs a kernel with SCTP (modprobe sctp).");
        Requires.Program("socat", "nsenter");
        await using SystemdNode node = await SystemdNode.CreateAsync(null, Token);
        await node.PlaceAsync(
            "web.yaml",
            Manifest.OwnNetwork("web", ports: "ports: [{containerPort: 9000, hostPort: 9001, protocol: SCTP}]"),
            Token);
        await node.WaitIdleAsync(Token);

        await node.ShellAsync(
            "systemd-run --quiet --collect --unit=nd-sctp nsenter --target $(pgrep -x testimage) --net socat SCTP-LISTEN:9000,fork EXEC:'echo hello'",
            Token);
        string answer = await node.ShellAsync("until socat -u SCTP:127.0.0.1:9001 -; do sleep 0.1; done", Token);
        await node.RemoveAsync("web.yaml", Token);
        await node.WaitIdleAsync(Token);
        ProgramResult after = await node.TryShellAsync("socat -u SCTP:127.0.0.1:9001 -", Token);

        Assert.Equal("hello", answer);
        Assert.NotEqual(0, after.ExitCode);
    }
}
