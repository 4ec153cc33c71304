using Grpc.Core;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Runtime;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Tests.Pleg;

public sealed class OfferedEventsTests
{
    private static readonly RuntimeEvent Exit = new(RuntimeEventType.Exited, new Noded.Kubelet.Runtime.ContainerId("c"));

    private readonly ScriptedRuntimeEvents _first = new();
    private readonly ScriptedRuntimeEvents _second = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Subscribe_FirstIsOffered_IsTheFirst()
    {
        await using IAsyncEnumerator<RuntimeEvent> stream = Subscribe();
        Task<bool> next = stream.MoveNextAsync().AsTask();

        (await _first.NextSubscriptionAsync(Token)).TryWrite(Exit);

        Assert.True(await next);
        Assert.Equal(Exit, stream.Current);
    }

    [Fact]
    public async Task Subscribe_FirstIsUnknownToTheRuntime_IsTheSecond()
    {
        _first.Refusal = () => Failure(StatusCode.Unimplemented);
        await using IAsyncEnumerator<RuntimeEvent> stream = Subscribe();
        Task<bool> next = stream.MoveNextAsync().AsTask();

        (await _second.NextSubscriptionAsync(Token)).TryWrite(Exit);

        Assert.True(await next);
        Assert.Equal(Exit, stream.Current);
    }

    [Fact]
    public async Task Subscribe_FirstFailsOtherwise_IsAFailure()
    {
        _first.Refusal = () => Failure(StatusCode.Unavailable);
        await using IAsyncEnumerator<RuntimeEvent> stream = Subscribe();

        RuntimeCallException failure = await Assert.ThrowsAsync<RuntimeCallException>(() => stream.MoveNextAsync().AsTask());

        Assert.Equal(StatusCode.Unavailable, failure.Code);
    }

    [Fact]
    public async Task Subscribe_NoneIsOffered_IsTheRefusal()
    {
        _first.Refusal = _second.Refusal = () => Failure(StatusCode.Unimplemented);
        await using IAsyncEnumerator<RuntimeEvent> stream = Subscribe();

        RuntimeCallException failure = await Assert.ThrowsAsync<RuntimeCallException>(() => stream.MoveNextAsync().AsTask());

        Assert.Equal(StatusCode.Unimplemented, failure.Code);
    }

    [Theory]
    [InlineData(ContainerEventType.ContainerCreatedEvent, null)]
    [InlineData(ContainerEventType.ContainerStartedEvent, null)]
    [InlineData(ContainerEventType.ContainerStoppedEvent, nameof(RuntimeEventType.Exited))]
    [InlineData(ContainerEventType.ContainerDeletedEvent, nameof(RuntimeEventType.Deleted))]
    public void Parse_EventOfCri_IsWhatHappened(ContainerEventType type, string? expected) => Assert.Equal(
        expected,
        CriEvents.Parse(new ContainerEventResponse { ContainerId = "c", ContainerEventType = type })?.Type.ToString());

    private static RuntimeCallException Failure(StatusCode code) => new("subscribe_events", "containerd", code, "no");

    private IAsyncEnumerator<RuntimeEvent> Subscribe() =>
        new OfferedEvents(_first, _second).SubscribeAsync(Token).GetAsyncEnumerator(Token);
}
