using Microsoft.Extensions.Logging.Abstractions;
using Noded.Api.Services;
using Noded.Linux.Events;
using Noded.Primitives;
using Noded.ServiceProxy.Reflectors;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Reflectors;

/// <summary>A directory of manifests and pods, read until what was expected is said.</summary>
public sealed class StandaloneSourceTests : IAsyncDisposable
{
    private const string Web = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          clusterIP: 10.96.0.1
          selector: {app: web}
          ports: [{port: 80, targetPort: http}]
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-services-");
    private readonly FdReactor _reactor = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PodsOfTest _pods = new();
    private readonly Inotify _inotify;
    private readonly Task _watching;
    private readonly StandaloneSource _source;
    private readonly IAsyncEnumerator<ServiceSourceChange> _changes;

    public StandaloneSourceTests()
    {
        _inotify = new Inotify(_reactor);
        _watching = _inotify.RunAsync(_stop.Token);
        _source = new StandaloneSource(
            new StandaloneOptions(_directory.FullName, "node-1", IPPrefix.Parse("10.96.0.0/12")),
            _pods,
            _inotify,
            new TestClock(),
            NullLogger<StandaloneSource>.Instance);
        _changes = _source.WatchAsync(_stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Watch_ManifestAndPods_IsASnapshotOfBoth()
    {
        Write("web.yaml", Web);
        _pods.Show(PodsOfTest.APod("a", "10.0.0.1"));

        await ExpectAsync("web 10.96.0.1 | 10.0.0.1:8080");
    }

    [Fact]
    public async Task Watch_ManifestComesChangesAndGoes_FollowsIt()
    {
        _pods.Show([]);
        await ExpectAsync("");

        Write("web.yaml", Web);
        await ExpectAsync("web 10.96.0.1 | ");
        Write("web.yaml", Web.Replace("10.96.0.1", "10.96.0.2", StringComparison.Ordinal));
        await ExpectAsync("web 10.96.0.2 | ");
        File.Delete(Path.Combine(_directory.FullName, "web.yaml"));
        await ExpectAsync("");
    }

    [Fact]
    public async Task Watch_PodsComeAndGo_AreEndpointsAtOnce()
    {
        Write("web.yaml", Web);
        _pods.Show([]);
        await ExpectAsync("web 10.96.0.1 | ");

        _pods.Show(PodsOfTest.APod("a", "10.0.0.1"), PodsOfTest.APod("b", "10.0.0.2"));
        await ExpectAsync("web 10.96.0.1 | 10.0.0.1:8080 10.0.0.2:8080");
        _pods.Show(PodsOfTest.APod("b", "10.0.0.2"));
        await ExpectAsync("web 10.96.0.1 | 10.0.0.2:8080");
    }

    [Fact]
    public async Task Watch_FileTurnsBad_KeepsItsLastGoodVersionAndSaysWhy()
    {
        Write("web.yaml", Web);
        _pods.Show([]);
        await ExpectAsync("web 10.96.0.1 | ");

        Write("web.yaml", Web.Replace("port: 80", "port: 80000", StringComparison.Ordinal));
        await ExpectAsync("web 10.96.0.1 | ", () => !_source.Errors.IsEmpty);

        Assert.Equal(
            ["web.yaml:7: spec.ports[0].port: Invalid value: 80000: must be between 1 and 65535, inclusive"],
            _source.Errors);
    }

    [Fact]
    public async Task Watch_EndpointSliceByHand_IsTakenAsItIs()
    {
        Write("db.yaml", """
            apiVersion: v1
            kind: Service
            metadata: {name: db}
            spec: {clusterIP: 10.96.0.9, ports: [{port: 5432}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
            addressType: IPv4
            endpoints: [{addresses: [192.0.2.7]}]
            ports: [{port: 5433}]
            """);
        _pods.Show([]);

        await ExpectAsync("db 10.96.0.9 | 192.0.2.7:5433");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _watching;
        }
        catch (OperationCanceledException)
        {
            // Cancelled above.
        }

        _inotify.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Write(string name, string content)
    {
        string hidden = Path.Combine(_directory.FullName, "." + name);
        File.WriteAllText(hidden, content);
        File.Move(hidden, Path.Combine(_directory.FullName, name), overwrite: true);
    }

    /// <summary>Reads snapshots until one says this; the test's token ends it when none does.</summary>
    private async Task ExpectAsync(string expected, Func<bool>? condition = null)
    {
        do
        {
            Assert.True(await _changes.MoveNextAsync().AsTask().WaitAsync(TestContext.Current.CancellationToken));
        }
        while (Text((ServiceSourceChange.Snapshot)_changes.Current) != expected || condition?.Invoke() == false);
    }

    private static string Text(ServiceSourceChange.Snapshot snapshot) => string.Join(
        "; ",
        snapshot.Services.Select(service =>
        {
            IEnumerable<string> endpoints = snapshot.Slices
                .Where(slice => slice.Metadata.Labels["kubernetes.io/service-name"] == service.Metadata.Name)
                .SelectMany(slice => slice.Endpoints.Select(
                    endpoint => $"{endpoint.Addresses[0]}:{slice.Ports[0].Port}"));
            return $"{service.Metadata.Name} {service.Spec.ClusterIP} | {string.Join(' ', endpoints.Order())}";
        }));
}
