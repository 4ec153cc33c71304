using System.Text;
using Noded.Kubelet.Streams;

namespace Noded.Kubelet.Tests.Streams;

public sealed class RemoteCommandTests
{
    [Theory]
    [InlineData("""{"metadata":{},"status":"Success"}""", 0, null)]
    [InlineData("""{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"Other"},{"reason":"ExitCode","message":"7"}]}}""", 7, null)]
    [InlineData("""{"status":"Failure","reason":"InternalError","message":"no such file"}""", -1, "no such file")]
    [InlineData("""{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}""", -1, "the runtime does not say why")]
    [InlineData("""{"status":1,"reason":[]}""", -1, "the runtime does not say why")]
    public void ParseStatus_OfARuntime_IsTheCommandsEnd(string json, int exitCode, string? failure) =>
        Assert.Equal(new CommandOutput.Ended(exitCode, failure), RemoteCommand.ParseStatus(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void ParseStatus_RandomBytes_IsAFailureThatSaysSo()
    {
        Random random = new(1);
        byte[] whole = """{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}"""u8.ToArray();
        for (int i = 0; i < 10_000; i++)
        {
            byte[] broken = [.. whole];
            broken[random.Next(broken.Length)] = (byte)random.Next(256);

            CommandOutput.Ended ended = RemoteCommand.ParseStatus(broken.AsSpan(0, random.Next(broken.Length + 1)));

            Assert.True(ended.Failure is null || ended.Failure.Length > 0);
        }
    }
}
