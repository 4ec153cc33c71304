using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Noded.Kubelet.Pleg;
using Noded.Kubelet.Runtime;
using Noded.Protocols.Containerd.Events.V1;

namespace Noded.Kubelet.Tests.Pleg;

public sealed class ContainerdEventsTests
{
    [Fact]
    public void Parse_ExitOfTheMainProcess_IsAnExit() => Assert.Equal(
        new RuntimeEvent(RuntimeEventType.Exited, new ContainerId("c")),
        Parse("/tasks/exit", new TaskExit { ContainerId = "c", Id = "c" }));

    [Fact]
    public void Parse_ExitOfAnotherProcessInTheContainer_IsNothing() =>
        Assert.Null(Parse("/tasks/exit", new TaskExit { ContainerId = "c", Id = "exec" }));

    [Fact]
    public void Parse_OutOfMemory_NamesTheContainer() => Assert.Equal(
        new RuntimeEvent(RuntimeEventType.OutOfMemory, new ContainerId("c")),
        Parse("/tasks/oom", new TaskOOM { ContainerId = "c" }));

    [Fact]
    public void Parse_Delete_NamesTheContainer() => Assert.Equal(
        new RuntimeEvent(RuntimeEventType.Deleted, new ContainerId("c")),
        Parse("/containers/delete", new ContainerDelete { Id = "c" }));

    [Fact]
    public void Parse_AnotherTopic_IsNothing() =>
        Assert.Null(Parse("/images/create", new ContainerDelete { Id = "c" }));

    [Fact]
    public void Parse_Damaged_IsAnIoException() => Assert.ThrowsAny<IOException>(() => ContainerdEvents.Parse(
        new Envelope { Topic = "/tasks/exit", Event = new Any { Value = ByteString.CopyFrom(0x0a, 0x7f) } }));

    /// <summary>containerd's type URLs have no slash.</summary>
    private static RuntimeEvent? Parse(string topic, IMessage message) => ContainerdEvents.Parse(new Envelope
    {
        Topic = topic,
        Event = new Any { TypeUrl = "containerd.events.X", Value = message.ToByteString() },
    });
}
