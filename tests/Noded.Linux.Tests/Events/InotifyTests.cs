using Noded.Linux.Events;

namespace Noded.Linux.Tests.Events;

public sealed class InotifyTests : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public InotifyTests()
    {
        _inotify = new Inotify(_reactor);
        _running = _inotify.RunAsync(_stop.Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_TwoOfOneDirectory_EachHearsWhatItAskedFor()
    {
        using InotifyWatch created = _inotify.Watch(_directory.FullName, InotifyMask.Create);
        using InotifyWatch deleted = _inotify.Watch(_directory.FullName, InotifyMask.Delete);

        await File.WriteAllTextAsync(At("a"), "x", Token);
        File.Delete(At("a"));

        Assert.Equal(new InotifyEvent(InotifyMask.Create, "a"), await created.Events.ReadAsync(Token));
        Assert.Equal(new InotifyEvent(InotifyMask.Delete, "a"), await deleted.Events.ReadAsync(Token));
        Assert.False(created.Events.TryRead(out _));
    }

    [Fact]
    public async Task Dispose_OneOfTwoWatches_LeavesTheOther()
    {
        using InotifyWatch stays = _inotify.Watch(_directory.FullName, InotifyMask.Create);
        _inotify.Watch(_directory.FullName, InotifyMask.Create).Dispose();

        await File.WriteAllTextAsync(At("a"), "x", Token);

        Assert.Equal("a", (await stays.Events.ReadAsync(Token)).Name);
    }

    [Fact]
    public async Task Watch_DirectoryGoes_TellsThatItIsIgnored()
    {
        string inner = _directory.CreateSubdirectory("inner").FullName;
        using InotifyWatch watch = _inotify.Watch(inner, InotifyMask.DeleteSelf);

        Directory.Delete(inner);

        Assert.Equal(InotifyMask.DeleteSelf, (await watch.Events.ReadAsync(Token)).Mask);
        Assert.Equal(InotifyMask.Ignored, (await watch.Events.ReadAsync(Token)).Mask);
    }

    [Fact]
    public void Watch_MissingDirectory_IsRefused()
    {
        LinuxException refusal = Assert.Throws<LinuxException>(() => _inotify.Watch(At("none"), InotifyMask.Create));

        Assert.Equal(2, refusal.Errno);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _inotify.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
