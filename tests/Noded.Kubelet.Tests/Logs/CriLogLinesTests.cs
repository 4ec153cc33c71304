using System.Buffers;
using System.Text;
using Noded.Kubelet.Logs;

namespace Noded.Kubelet.Tests.Logs;

public sealed class CriLogLinesTests
{
    private const string Log =
        "2030-01-01T00:00:00Z stdout F one\n2030-01-01T00:00:01Z stderr P tw\n2030-01-01T00:00:02Z stderr F o\nnonsense\n"
        + "2030-01-01T00:00:03Z stdout F \n";

    [Fact]
    public void Append_SplitAtEveryByte_IsTheSame()
    {
        for (int split = 0; split <= Log.Length; split++)
        {
            Assert.Equal("one\ntwo\nnonsense\n\n", Read(false, Log[..split], Log[split..]));
        }
    }

    [Fact]
    public void Append_Timestamps_StandOnceBeforeAJoinedLine() => Assert.Equal(
        "2030-01-01T00:00:00Z one\n2030-01-01T00:00:01Z two\nnonsense\n2030-01-01T00:00:03Z \n", Read(true, Log));

    [Fact]
    public void Complete_NoNewlineAtTheEnd_ShowsTheLine() =>
        Assert.Equal("one\n", Read(false, "2030-01-01T00:00:00Z stdout F one"));

    [Fact]
    public void Append_EndlessLine_IsPassedOnWhole()
    {
        string part = string.Concat(Enumerable.Repeat("a b c d ", 100_000));

        Assert.Equal(part + part + "\none\n", Read(false, part, part, "\n2030-01-01T00:00:00Z stdout F one\n"));
    }

    private static string Read(bool timestamps, params string[] parts)
    {
        CriLogLines lines = new(timestamps);
        ArrayBufferWriter<byte> output = new();
        foreach (string part in parts)
        {
            lines.Append(Encoding.UTF8.GetBytes(part), output);
        }

        lines.Complete(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
