using Noded.Linux.Events;
using Noded.Linux.Interop;

namespace Noded.Linux.Tests.Events;

public sealed class FdReactorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WaitReadableAsync_ReadableAlready_CompletesEachTime()
    {
        using FdReactor reactor = new();
        using SafeFd fd = EventFd(1);

        await reactor.WaitReadableAsync(fd, Token);
        await reactor.WaitReadableAsync(fd, Token);
    }

    [Fact]
    public async Task WaitReadableAsync_Cancelled_EndsAndLetsTheNextWait()
    {
        using FdReactor reactor = new();
        using SafeFd fd = EventFd(0);
        using CancellationTokenSource cancellation = new();
        Task wait = reactor.WaitReadableAsync(fd, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        using CancellationTokenSource next = new();
        Task second = reactor.WaitReadableAsync(fd, next.Token);
        Assert.False(second.IsCompleted);
        await next.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task WaitReadableAsync_SecondWaiter_IsRefused()
    {
        using FdReactor reactor = new();
        using SafeFd fd = EventFd(0);
        using CancellationTokenSource cancellation = new();
        Task wait = reactor.WaitReadableAsync(fd, cancellation.Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => reactor.WaitReadableAsync(fd, Token));

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Dispose_WhileSomebodyWaits_EndsTheWait()
    {
        FdReactor reactor = new();
        using SafeFd fd = EventFd(0);
        Task wait = reactor.WaitReadableAsync(fd, Token);

        reactor.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => wait);
    }

    private static SafeFd EventFd(uint value) => SafeFd.Own(LibC.eventfd(value, LibC.EFD_CLOEXEC), "eventfd");
}
