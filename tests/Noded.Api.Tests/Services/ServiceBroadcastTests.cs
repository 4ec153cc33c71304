using System.Threading.Channels;
using k8s.Models;
using Noded.Api.Services;
using Noded.Primitives;

namespace Noded.Api.Tests.Services;

/// <summary>Several followers of one source, which a test lets speak.</summary>
public sealed class ServiceBroadcastTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SourceOfTest _source = new();
    private readonly ServiceBroadcast _broadcast;
    private readonly Task _running;

    public ServiceBroadcastTests()
    {
        _broadcast = new ServiceBroadcast(_source);
        _running = _broadcast.RunAsync(_stop.Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_SeveralFollowers_AllGetTheNewsAndTheSourceIsReadOnce()
    {
        await using Follower one = Follow();
        await using Follower other = Follow();

        _source.Say(Snapshot("web"));

        Assert.Equal(("snapshot web", "snapshot web"), (await one.NextAsync(), await other.NextAsync()));
        Assert.Equal(1, _source.Watches);
    }

    [Fact]
    public async Task Watch_Later_BeginsWithASnapshotOfAllThatIsKnown()
    {
        await using Follower first = Follow();
        _source.Say(Snapshot("web"));
        _source.Say(new ServiceSourceChange.Service(new NamespacedName("default", "db"), AService("db")));
        _source.Say(new ServiceSourceChange.Service(new NamespacedName("default", "web"), null));
        await first.ExpectAsync("-web");

        await using Follower late = Follow();

        Assert.Equal("snapshot db", await late.NextAsync());
    }

    [Fact]
    public async Task Watch_SlowFollower_FindsTheNewestOfEachObject()
    {
        ServiceBacklog backlog = new();
        backlog.Add(Snapshot("web"));
        backlog.Add(Snapshot("web", "db"));
        backlog.Add(new ServiceSourceChange.Service(new NamespacedName("default", "db"), null));
        backlog.Add(new ServiceSourceChange.Service(new NamespacedName("default", "db"), AService("db")));
        backlog.Add(new ServiceSourceChange.Slice(new NamespacedName("default", "db-1"), null));
        await backlog.WaitAsync(Token);

        Assert.Equal(["snapshot db,web", "+db", "-slice db-1"], backlog.Take().Select(Text));
        Assert.Empty(backlog.Take());
    }

    [Fact]
    public async Task Run_AgainAfterAFailure_FollowersStay()
    {
        await using Follower follower = Follow();
        _source.Say(Snapshot("web"));
        await follower.NextAsync();
        _source.Fail();
        await Assert.ThrowsAsync<IOException>(() => _running);

        Task again = _broadcast.RunAsync(_stop.Token);
        _source.Say(Snapshot("db"));

        Assert.Equal("snapshot db", await follower.NextAsync());
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
    }

    private Follower Follow() => new(_broadcast.WatchAsync(_stop.Token).GetAsyncEnumerator(Token));

    private static ServiceSourceChange.Snapshot Snapshot(params string[] services) =>
        new([.. services.Select(AService)], []);

    private static V1Service AService(string name) => new() { Metadata = new V1ObjectMeta { Name = name } };

    private static string Text(ServiceSourceChange change) => change switch
    {
        ServiceSourceChange.Snapshot snapshot =>
            $"snapshot {string.Join(',', snapshot.Services.Select(service => service.Metadata.Name).Order())}",
        ServiceSourceChange.Service service => $"{(service.Value is null ? '-' : '+')}{service.Name.Name}",
        ServiceSourceChange.Slice slice => $"{(slice.Value is null ? '-' : '+')}slice {slice.Name.Name}",
        _ => throw new InvalidOperationException(change.ToString()),
    };

    /// <summary>Reads ahead from the start, so that it follows before the test goes on.</summary>
    private sealed class Follower : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<ServiceSourceChange> _changes;
        private Task<bool> _next;

        public Follower(IAsyncEnumerator<ServiceSourceChange> changes)
        {
            _changes = changes;
            _next = changes.MoveNextAsync().AsTask();
        }

        public async Task<string> NextAsync()
        {
            Assert.True(await _next.WaitAsync(Token));
            string text = Text(_changes.Current);
            _next = _changes.MoveNextAsync().AsTask();
            return text;
        }

        public async Task ExpectAsync(string text)
        {
            while (await NextAsync() != text)
            {
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_next.IsCompleted)
            {
                await _changes.DisposeAsync();
            }
        }
    }

    private sealed class SourceOfTest : IServiceSource
    {
        private Channel<ServiceSourceChange> _said = Channel.CreateUnbounded<ServiceSourceChange>();

        public string Name => "test";

        public int Watches { get; private set; }

        public void Say(ServiceSourceChange change) => _said.Writer.TryWrite(change);

        public void Fail()
        {
            ChannelWriter<ServiceSourceChange> failing = _said.Writer;
            _said = Channel.CreateUnbounded<ServiceSourceChange>();
            failing.Complete(new IOException("the source is broken"));
        }

        public IAsyncEnumerable<ServiceSourceChange> WatchAsync(CancellationToken cancellationToken)
        {
            Watches++;
            return _said.Reader.ReadAllAsync(cancellationToken);
        }
    }
}
