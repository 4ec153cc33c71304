using System.IO.Compression;
using System.Text;
using Noded.Kubelet.Logs;
using Noded.Linux.Events;

namespace Noded.Kubelet.Tests.Logs;

/// <summary>On real files with a real inotify.</summary>
public sealed class ContainerLogReaderTests : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FdReactor _reactor = new();
    private readonly Inotify _inotify;
    private readonly ContainerLogReader _reader;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ContainerLogReaderTests()
    {
        _inotify = new Inotify(_reactor);
        _reader = new ContainerLogReader(_inotify);
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

    [Theory]
    [InlineData(null, "1\n2\n3\n4\n5\n6\n")]
    [InlineData(1, "6\n")]
    [InlineData(2, "5\n6\n")]
    [InlineData(3, "4\n5\n6\n")]
    [InlineData(4, "3\n4\n5\n6\n")]
    [InlineData(5, "2\n3\n4\n5\n6\n")]
    [InlineData(9, "1\n2\n3\n4\n5\n6\n")]
    public async Task Read_RotatedAndCompressedFiles_AreOneLog(int? tail, string expected)
    {
        Write("1", "2");
        Rotate(1, isCompressed: true);
        Write("3", "4");
        Rotate(2, isCompressed: false);
        Write("5", "6");
        await File.WriteAllTextAsync(Log + ".20260101-000001.tmp", "half", Token);
        await File.WriteAllTextAsync(Log + ".20260101-000001", "compressed already", Token);

        Assert.Equal(expected, await ReadAsync(new LogOptions(tail, Follow: false, Timestamps: false)));
    }

    [Fact]
    public async Task Read_LogOfWhichOnlyRotatedFilesAreLeft_HasThem()
    {
        Write("1");
        Rotate(1, isCompressed: false);

        Assert.Equal("1\n", await ReadAsync(new LogOptions(null, Follow: false, Timestamps: false)));
    }

    [Theory]
    [InlineData("2026-01-01T00:00:01Z", "1\n2\n3\n")]
    [InlineData("2026-01-01T00:00:02Z", "2\n3\n")]
    [InlineData("2026-01-01T00:00:02.0000001Z", "3\n")]
    [InlineData("2026-01-01T01:00:03+01:00", "3\n")]
    [InlineData("2026-01-01T00:00:04Z", "")]
    public async Task Read_Since_HasWhatWasWrittenThenOrLater(string since, string expected)
    {
        Append("2026-01-01T00:00:01.123456789Z stdout F 1\n");
        Rotate(1, isCompressed: true);
        Append("2026-01-01T00:00:02Z stdout F 2\n2026-01-01T01:00:03.5+01:00 stderr F 3\n");

        Assert.Equal(
            expected,
            await ReadAsync(new LogOptions(null, false, false)
            {
                Since = DateTimeOffset.Parse(since, System.Globalization.CultureInfo.InvariantCulture),
            }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(3, "1\n2")]
    [InlineData(100, "1\n2\n3\n")]
    public async Task Read_LimitOfBytes_EndsThere(long limit, string expected)
    {
        Write("1");
        Rotate(1, isCompressed: false);
        Write("2", "3");

        Assert.Equal(expected, await ReadAsync(new LogOptions(null, false, false) { LimitBytes = limit }));
    }

    [Fact]
    public async Task Read_Follow_WritesWhatComesUntilTheContainerEnds()
    {
        Write("1");
        (Task reading, SeenStream output) = Follow(null);
        await output.WaitForAsync("1\n", Token);

        Write("2");
        await output.WaitForAsync("1\n2\n", Token);
        End();
        await reading.WaitAsync(Token);
    }

    [Fact]
    public async Task Read_FollowOfAContainerThatEndsWithoutAWord_Ends()
    {
        Write("1");
        (Task reading, SeenStream output) = Follow(null);
        await output.WaitForAsync("1\n", Token);

        End();
        await reading.WaitAsync(Token);

        Assert.Equal("1\n", output.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_FollowOverARotation_GoesOnInTheNextFile(bool isLateToOldFile)
    {
        Write("1");
        (Task reading, SeenStream output) = Follow(null);
        await output.WaitForAsync("1\n", Token);

        string rotated = Rotate(1, isCompressed: false);
        if (isLateToOldFile)
        {
            await File.AppendAllTextAsync(rotated, Line("2"), Token);
            await output.WaitForAsync("1\n2\n", Token);
            Write("3");
            await output.WaitForAsync("1\n2\n3\n", Token);

            // The runtime's last line to the old file comes after the first to the new one.
            await File.AppendAllTextAsync(rotated, Line("late"), Token);
            await output.WaitForAsync("1\n2\n3\nlate\n", Token);
        }
        else
        {
            Write("2");
            await output.WaitForAsync("1\n2\n", Token);
        }

        End();
        await reading.WaitAsync(Token);
    }

    [Fact]
    public async Task Read_FollowThatMissedSeveralRotations_HasEveryLineOnce()
    {
        Write("1");
        BlockingStream output = new();
        (Task reading, SeenStream seen) = Follow(output);
        await output.Blocked.WaitAsync(Token);

        // While nobody takes the first line, the log is rotated three times, and what was read is compressed.
        Write("2");
        Rotate(1, isCompressed: true);
        Write("3");
        Rotate(2, isCompressed: true);
        Write("4");
        Rotate(3, isCompressed: false);
        Write("5");
        output.Release();
        await seen.WaitForAsync("1\n2\n3\n4\n5\n", Token);

        End();
        await reading.WaitAsync(Token);
        Assert.Equal("1\n2\n3\n4\n5\n", seen.Text);
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

    private static string Line(string content) => $"2026-01-01T00:00:00.000000000Z stdout F {content}\n";

    private void Write(params string[] lines) => Append(string.Concat(lines.Select(Line)));

    private void Append(string text) => File.AppendAllText(Log, text);

    private string Rotate(int second, bool isCompressed)
    {
        string rotated = $"{Log}.20260101-00000{second}";
        File.Move(Log, rotated);
        if (isCompressed)
        {
            using (GZipStream gzip = new(File.Create(rotated + ".gz"), CompressionLevel.Fastest))
            {
                gzip.Write(File.ReadAllBytes(rotated));
            }

            File.Delete(rotated);
        }

        return rotated;
    }

    private (Task Reading, SeenStream Output) Follow(SeenStream? into)
    {
        _running.Add(_inotify.RunAsync(_stop.Token));
        SeenStream output = into ?? new SeenStream();
        return (
            _reader.ReadAsync(
                Log,
                new LogOptions(null, Follow: true, Timestamps: false),
                new LogWriter(() => !_ended.Task.IsCompleted, token => _ended.Task.WaitAsync(token)),
                output,
                Token),
            output);
    }

    private void End() => _ended.SetResult();

    private async Task<string> ReadAsync(LogOptions options)
    {
        using MemoryStream output = new();
        await _reader.ReadAsync(Log, options, new LogWriter(() => false, _ => Task.CompletedTask), output, Token);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Takes nothing until it is released.</summary>
    private sealed class BlockingStream : SeenStream
    {
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Blocked => _blocked.Task;

        public void Release() => _released.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _blocked.TrySetResult();
            await _released.Task.WaitAsync(cancellationToken);
            await base.WriteAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Tells when what was written to it has grown to a text.</summary>
    private class SeenStream : MemoryStream
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
