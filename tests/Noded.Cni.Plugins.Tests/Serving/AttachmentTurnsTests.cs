using Noded.Cni.Plugins.Serving;

namespace Noded.Cni.Plugins.Tests.Serving;

public sealed class AttachmentTurnsTests
{
    private readonly AttachmentTurns _turns = new();
    private readonly List<string> _order = [];

    [Fact]
    public async Task Run_SameAttachment_OneAfterTheOtherAsTheyCame()
    {
        TaskCompletionSource gate = new();
        Task<int> add = Run(("c1", "eth0"), "add", gate.Task);
        Task<int> del = Run(("c1", "eth0"), "del", Task.CompletedTask);
        Task<int> check = Run(("c1", "eth0"), "check", Task.CompletedTask);

        Assert.Equal(["add"], _order);
        gate.SetResult();
        await Task.WhenAll(add, del, check);

        Assert.Equal(["add", "del", "check"], _order);
    }

    [Fact]
    public async Task Run_OtherAttachmentsAndNone_DoNotWait()
    {
        TaskCompletionSource gate = new();
        Task<int> add = Run(("c1", "eth0"), "add", gate.Task);

        await Run(("c1", "eth1"), "other interface", Task.CompletedTask);
        await Run(("c2", "eth0"), "other container", Task.CompletedTask);
        await Run(null, "none", Task.CompletedTask);

        Assert.False(add.IsCompleted);
        gate.SetResult();
        await add;
    }

    [Fact]
    public async Task Run_CallBeforeFails_IsFollowedAllTheSame()
    {
        TaskCompletionSource gate = new();
        Task<int> add = Run(("c1", "eth0"), "add", gate.Task);
        Task<int> del = Run(("c1", "eth0"), "del", Task.CompletedTask);

        gate.SetException(new IOException("no"));

        await Assert.ThrowsAsync<IOException>(() => add);
        await del;
        Assert.Equal(["add", "del"], _order);
    }

    private Task<int> Run((string ContainerId, string Interface)? attachment, string name, Task until) =>
        _turns.RunAsync(
            attachment,
            async () =>
            {
                _order.Add(name);
                await until;
                return 0;
            });
}
