using System.Text;
using Noded.Kubelet.Logs;
using Noded.Linux.Events;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Logs;

/// <summary>On real files with a real inotify.</summary>
public sealed class ContainerLogReaderTests : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly TestClock _clock = new();
    private readonly ContainerLogReader _reader;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public ContainerLogReaderTests()
    {
        _inotify = new Inotify(_reactor);
        _reader = new ContainerLogReader(_inotify, _clock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(_directory.FullName, "0.log");

    [Theory]
    [InlineData(null, "1\n2\n3\n")]
    [InlineData(0, "")]
    [InlineData(1, "3\n")]
    [InlineData(2, "2\n3\n")]
    [InlineData(3, "1\n2\n3\n")]
    [InlineData(100, "1\n2\n3\n")]
    public async Task Read_Tail_HasTheLastLines(int? tail, string expected)
    {
        Write("1", "2", "3");

        Assert.Equal(expected, await ReadAsync(new LogOptions(tail, Follow: false, Timestamps: false)));
    }

    [Fact]
    public async Task Read_Timestamps_StandInFrontOfTheLines()
    {
        Write("1");

        Assert.Equal(
            "2026-01-01T00:00:00.000000000Z 1\n", await ReadAsync(new LogOptions(null, Follow: false, Timestamps: true)));
    }

    [Fact]
    public async Task Read_FileThatIsMissing_IsAnErrorThatNamesIt()
    {
        IOException e = await Assert.ThrowsAsync<FileNotFoundException>(
            () => ReadAsync(new LogOptions(null, Follow: false, Timestamps: false)));

        Assert.Contains(Log, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindTail_LinesLongerThanAChunk_AreCountedRight()
    {
        string[] lines = [.. Enumerable.Range(0, 5).Select(line => new string((char)('a' + line), 100_000))];
        Write(lines);

        Assert.Equal(
            string.Concat(lines[^2..].Select(line => line + "\n")),
            await ReadAsync(new LogOptions(2, Follow: false, Timestamps: false)));
    }

    [Fact]
    public async Task Read_Follow_WritesWhatComesUntilTheContainerEnds()
    {
        _running.Add(_inotify.RunAsync(_stop.Token));
        Write("1");
        bool runs = true;
        SeenStream output = new();
        Task reading = _reader.ReadAsync(
            Log, new LogOptions(null, Follow: true, Timestamps: false), () => Volatile.Read(ref runs), output, Token);
        await output.WaitForAsync("1\n", Token);

        Write("2");
        await output.WaitForAsync("1\n2\n", Token);
        Volatile.Write(ref runs, false);
        Write("3");
        await reading.WaitAsync(Token);

        // The last word of a container that has ended may come too late for the reader.
        Assert.StartsWith("1\n2\n", output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_FollowOfAContainerThatEndsWithoutAWord_EndsAfterTheQuietPeriod()
    {
        Write("1");
        bool runs = true;
        SeenStream output = new();
        Task reading = _reader.ReadAsync(
            Log, new LogOptions(null, Follow: true, Timestamps: false), () => Volatile.Read(ref runs), output, Token);
        await _clock.WaitForTimerAsync(Token);

        Volatile.Write(ref runs, false);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await reading.WaitAsync(Token);

        Assert.Equal("1\n", output.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _inotify.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Write(params string[] lines) => File.AppendAllText(
        Log, string.Concat(lines.Select(line => $"2026-01-01T00:00:00.000000000Z stdout F {line}\n")));

    private async Task<string> ReadAsync(LogOptions options)
    {
        using MemoryStream output = new();
        await _reader.ReadAsync(Log, options, () => false, output, Token);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Tells when what was written to it has grown to a text.</summary>
    private sealed class SeenStream : MemoryStream
    {
        private readonly Lock _lock = new();
        private readonly StringBuilder _text = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return _text.ToString();
                }
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                _text.Append(Encoding.UTF8.GetString(buffer.Span));
                _changed.SetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return ValueTask.CompletedTask;
        }

        public async Task WaitForAsync(string text, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    if (_text.ToString() == text)
                    {
                        return;
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }
    }
}
