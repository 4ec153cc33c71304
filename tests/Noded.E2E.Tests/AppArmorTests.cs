using Noded.Linux.Processes;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests;

/// <summary>Under which AppArmor profile containers run; most of it on a machine whose kernel enforces them.</summary>
[Trait("Category", "E2E")]
[Trait("Category", "Machine")]
public sealed class AppArmorTests
{
    private const string Load = """
        apparmor_parser --replace <<'END'
        profile nd-test flags=(attach_disconnected,mediate_deleted) {
          file,
          capability,
          network,
          signal,
          deny /forbidden w,
        }
        END
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Container_OfEachProfile_RunsUnderIt()
    {
        Assert.SkipUnless(AppArmor.IsEnabled(), "Needs a kernel that enforces AppArmor.");
        await using SystemdNode node = await SystemdNode.CreateAsync(null, Token);
        await node.ShellAsync(Load, Token);
        (string Metadata, string Context, string Expected)[] cases =
        [
            ("", "{}", "cri-containerd.apparmor.d (enforce)"),
            ("", "{appArmorProfile: {type: RuntimeDefault}}", "cri-containerd.apparmor.d (enforce)"),
            ("", "{appArmorProfile: {type: Unconfined}}", "unconfined"),
            ("", "{appArmorProfile: {type: Localhost, localhostProfile: nd-test}}", "nd-test (enforce)"),
            ("annotations: {container.apparmor.security.beta.kubernetes.io/main: localhost/nd-test}", "{}", "nd-test (enforce)"),
            ("annotations: {container.apparmor.security.beta.kubernetes.io/main: unconfined}", "{}", "unconfined"),
        ];
        for (int i = 0; i < cases.Length; i++)
        {
            await node.PlaceAsync($"pod{i}.yaml", APod($"pod{i}", cases[i].Metadata, cases[i].Context, $"[sleep, \"{1000 + i}\"]"), Token);
        }

        await node.WaitIdleAsync(Token);

        for (int i = 0; i < cases.Length; i++)
        {
            string current = await node.ShellAsync($"cat /proc/$(pgrep -f 'sleep {1000 + i}$')/attr/current", Token);

            // From Debian 13 on runc has a profile that confines nothing, and what runs without one keeps that.
            Assert.Equal(cases[i].Expected, current == "runc (unconfined)" ? "unconfined" : current);
        }
    }

    [Fact]
    public async Task Container_DoesWhatItsProfileForbids_IsRefusedByTheKernel()
    {
        Assert.SkipUnless(AppArmor.IsEnabled(), "Needs a kernel that enforces AppArmor.");
        await using SystemdNode node = await SystemdNode.CreateAsync(null, Token);
        await node.ShellAsync(Load, Token);

        await node.PlaceAsync(
            "pod.yaml",
            APod("pod", "", "{appArmorProfile: {type: Localhost, localhostProfile: nd-test}}", "[write, /forbidden, text, \"0\"]"),
            Token);
        await node.ShellAsync($"until '{SystemdNode.Binary}' timeline | grep -q '→ Failed'; do sleep 0.1; done", Token);

        Assert.Contains("Permission denied", await node.ShellAsync($"'{SystemdNode.Binary}' logs pod-node1", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_OfAProfileThatIsNotLoaded_WaitsAndSaysSo()
    {
        Assert.SkipUnless(AppArmor.IsEnabled(), "Needs a kernel that enforces AppArmor.");
        await using SystemdNode node = await SystemdNode.CreateAsync(null, Token);
        const string Name = "nd-missing";

        await node.PlaceAsync(
            "pod.yaml", APod("pod", "", $"{{appArmorProfile: {{type: Localhost, localhostProfile: {Name}}}}}", "[sleep, \"1000\"]"), Token);
        await node.ShellAsync($"until '{SystemdNode.Binary}' events | grep -q 'apparmor profile not found {Name}'; do sleep 0.1; done", Token);
        string pods = await node.ShellAsync($"'{SystemdNode.Binary}' pods --output json", Token);
        await node.ShellAsync(Load.Replace("nd-test", Name, StringComparison.Ordinal), Token);
        await node.ShellAsync("until pgrep -f 'sleep 1000$'; do sleep 0.1; done", Token);

        Assert.Contains("CreateContainerError", pods, StringComparison.Ordinal);
        Assert.Contains("Pending", pods, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_OfAProfileWhereTheKernelEnforcesNone_IsRejected()
    {
        Assert.SkipWhen(AppArmor.IsEnabled(), "Needs a kernel without AppArmor.");
        await using TestNode node = await TestNode.CreateAsync(Token);

        node.Place("pod.yaml", APod("pod", "", "{appArmorProfile: {type: RuntimeDefault}}", "[sleep, \"1000\"]"));
        await node.WaitIdleAsync(Token);

        Pod pod = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal(("Failed", "AppArmor"), (pod.Phase, pod.Reason));
        Assert.Contains("Cannot enforce AppArmor", pod.Message, StringComparison.Ordinal);
    }

    private static string APod(string name, string metadata, string context, string arguments) => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}
          {{metadata}}
        spec:
          hostNetwork: true
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: {{TestNode.Image}}
            args: {{arguments}}
            securityContext: {{context}}
        """;
}
