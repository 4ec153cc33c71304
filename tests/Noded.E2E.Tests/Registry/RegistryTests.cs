using System.Globalization;
using System.Text.RegularExpressions;
using Noded.Oci;
using Noded.Protocols.Operator.V1;

namespace Noded.E2E.Tests.Registry;

/// <summary>Images that come from a registry.</summary>
[Trait("Category", "E2E")]
public sealed partial class RegistryTests
{
    private const int Mebi = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [GeneratedRegex(@": (?<fetched>\d+) of (?<total>\d+) bytes$")]
    private static partial Regex Progress { get; }

    [Fact]
    public async Task Pull_ByEachPolicyByTagAndByDigest_HasUpstreamsEvents()
    {
        await using TestNode node = await TestNode.CreateAsync(Token);
        await using TestRegistry registry = await TestRegistry.StartAsync(node, Token);
        registry.Admit();
        await registry.PushAsync("team/app", 1000, Token);
        OciImage other = await registry.PushAsync("other", 2000, Token);
        string image = $"{TestRegistry.Host}/team/app:1";
        string digest = $"{TestRegistry.Host}/other@{other.Manifest.Digest}";

        await RunAsync(node, "missing", image, "IfNotPresent");
        await RunAsync(node, "present", image, "IfNotPresent");
        await RunAsync(node, "always", image, "Always");
        await RunAsync(node, "never", image, "Never");
        await RunAsync(node, "digest", digest, "IfNotPresent");
        node.Place("absent.yaml", APod("absent", $"{TestRegistry.Host}/nowhere:1", "Never"));
        await EventAsync(node, "absent", "ErrImageNeverPull");

        string there = $"Container image \"{image}\" already present on machine and can be accessed by the pod";
        Assert.Equal([there], await PulledAsync(node, "present"));
        Assert.Equal([there], await PulledAsync(node, "never"));
        foreach ((string pod, string pulled) in ((string, string)[])[("missing", image), ("always", image), ("digest", digest)])
        {
            Assert.Equal($"Pulling image \"{pulled}\"", (await EventAsync(node, pod, "Pulling")).Message);
            Assert.Matches(
                $"^Successfully pulled image \"{Regex.Escape(pulled)}\" in [0-9.]+s \\([0-9.]+s including waiting\\)\\. Image size: [1-9][0-9]+ bytes\\.$",
                Assert.Single(await PulledAsync(node, pod)));
        }

        Pod absent = Assert.Single(await node.PodsAsync(Token), pod => pod.Name == "absent-node1");
        Assert.Equal(("Pending", "ErrImageNeverPull"), (absent.Phase, Assert.Single(absent.Containers).Reason));
    }

    [Theory]
    [InlineData("no credentials")]
    [InlineData("wrong credentials")]
    [InlineData("no image")]
    public async Task Pull_IsRefused_BacksOffUntilTheRegistryGivesTheImage(string why)
    {
        await using TestNode node = await TestNode.CreateAsync("crashLoopBackOff: {maxContainerRestartPeriod: 2s}", Token);
        await using TestRegistry registry = await TestRegistry.StartAsync(node, Token);
        if (why == "no image")
        {
            registry.Admit();
        }
        else
        {
            await registry.PushAsync("app", 1000, Token);
        }

        if (why == "wrong credentials")
        {
            registry.Admit("wrong");
        }

        string image = $"{TestRegistry.Host}/app:1";
        node.Place("web.yaml", APod("web", image, "IfNotPresent"));
        Event failed = await EventAsync(node, "web", "Failed");
        Assert.StartsWith($"Failed to pull image \"{image}\": ", failed.Message, StringComparison.Ordinal);
        await node.WaitForEventAsync(happened => happened is { Reason: "Failed", Message: "Error: ErrImagePull" }, Token);
        Assert.Equal($"Back-off pulling image \"{image}\"", (await EventAsync(node, "web", "BackOff")).Message);
        await node.WaitForEventAsync(happened => happened is { Reason: "Failed", Message: "Error: ImagePullBackOff" }, Token);

        if (why == "no image")
        {
            await registry.PushAsync("app", 1000, Token);
        }

        registry.Admit();
        await EventAsync(node, "web", "Started");

        Assert.Single(await PulledAsync(node, "web"));
    }

    [Fact]
    public async Task Pull_RegistryHangsInALayer_HoldsUpItsPodAloneAndTellsHowFarItIs()
    {
        await using TestNode node = await TestNode.CreateAsync("serializeImagePulls: false", Token);
        await using TestRegistry registry = await TestRegistry.StartAsync(node, Token);
        registry.Admit();
        OciImage large = await registry.PushAsync("large", 8 * Mebi, Token);
        await registry.PushAsync("app", 1000, Token);
        string image = $"{TestRegistry.SlowHost}/large:1";
        registry.Slow.Let(4 * Mebi);

        node.Place("stuck.yaml", APod("stuck", image, "IfNotPresent"));
        Assert.Equal($"Pulling image \"{image}\"", (await EventAsync(node, "stuck", "Pulling")).Message);
        await RunAsync(node, "web", $"{TestRegistry.Host}/app:1", "Always");
        node.Remove("web.yaml");
        await node.WaitForTimelineAsync(entry => entry is { What: "removed", Subject: "pod default/web-node1" }, 1, Token);

        Event told = await node.WaitForEventAsync(
            happened => happened.Reason == "Pulling" && Progress.IsMatch(happened.Message), Token);
        Assert.StartsWith($"Pulling image \"{image}\": ", told.Message, StringComparison.Ordinal);
        Assert.Contains("stuck-node1", told.Object, StringComparison.Ordinal);
        Match progress = Progress.Match(told.Message);
        Assert.Equal(large.Layers.Append(large.Config).Sum(part => part.Size), Number("total"));
        Assert.InRange(Number("fetched"), 2 * Mebi, 4 * Mebi);
        Pod stuck = Assert.Single(await node.PodsAsync(Token));
        Assert.Equal(("Pending", "ContainerCreating"), (stuck.Phase, Assert.Single(stuck.Containers).Reason));

        registry.Slow.LetAll();
        await EventAsync(node, "stuck", "Started");
        Assert.Single(await PulledAsync(node, "stuck"));

        long Number(string name) => long.Parse(progress.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("serializeImagePulls: true", 1)]
    [InlineData("serializeImagePulls: false\nmaxParallelImagePulls: 2", 2)]
    public async Task Pulls_OfSeveralPods_AreAsManyAtATimeAsTheNodeSays(string settings, int most)
    {
        await using TestNode node = await TestNode.CreateAsync(settings, Token);
        await using TestRegistry registry = await TestRegistry.StartAsync(node, Token);
        registry.Admit();
        string[] names = ["a", "b", "c"];
        foreach (string name in names)
        {
            await registry.PushAsync(name, 1000, Token);
        }

        registry.Slow.Let(0);
        foreach (string name in names)
        {
            node.Place($"{name}.yaml", APod(name, $"{TestRegistry.SlowHost}/{name}:1", "IfNotPresent"));
            await EventAsync(node, name, "Pulling");
        }

        HashSet<string> asked = [];
        await AskedAsync(most);
        registry.Slow.LetAll();
        await AskedAsync(most + 1);

        // The next one's turn came with the end of another's pull.
        Assert.NotEmpty(await EventsAsync(node, happened => happened.Reason == "Pulled"));
        foreach (string name in names)
        {
            await EventAsync(node, name, "Started");
        }

        async Task AskedAsync(int repositories)
        {
            while (asked.Count < repositories)
            {
                asked.Add(await registry.Slow.Manifests.ReadAsync(Token));
            }
        }
    }

    /// <summary>In the sandbox's network, so that nothing but the image is waited for.</summary>
    private static string APod(string name, string image, string policy) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}} }
        spec:
          hostNetwork: true
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: "{{image}}", imagePullPolicy: {{policy}} }
        """;

    private static async Task RunAsync(TestNode node, string name, string image, string policy)
    {
        node.Place($"{name}.yaml", APod(name, image, policy));
        await EventAsync(node, name, "Started");
    }

    private static Task<Event> EventAsync(TestNode node, string pod, string reason) => node.WaitForEventAsync(
        happened => happened.Reason == reason && IsOf(happened, pod), Token);

    private static async Task<IEnumerable<string>> PulledAsync(TestNode node, string pod) =>
        (await EventsAsync(node, happened => happened.Reason == "Pulled" && IsOf(happened, pod))).Select(happened => happened.Message);

    private static async Task<List<Event>> EventsAsync(TestNode node, Func<Event, bool> isMeant)
    {
        using Grpc.Core.AsyncServerStreamingCall<Event> call = node.Operator.Events(new EventsRequest(), cancellationToken: Token);
        List<Event> found = [];
        while (await call.ResponseStream.MoveNext(Token))
        {
            if (isMeant(call.ResponseStream.Current))
            {
                found.Add(call.ResponseStream.Current);
            }
        }

        return found;
    }

    private static bool IsOf(Event happened, string pod) => happened.Object.Contains($"/{pod}-node1", StringComparison.Ordinal);
}
