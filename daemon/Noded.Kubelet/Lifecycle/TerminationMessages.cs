using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using k8s.Models;
using Noded.Kubelet.Logs;
using Noded.Kubelet.Pods;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Lifecycle;

/// <summary>
/// What containers say of their own end: each instance gets a file at its <c>terminationMessagePath</c>, whose last
/// 4 KiB become the message of its terminated state; by policy the end of its log does where that is empty.
/// </summary>
internal sealed class TerminationMessages(PodLayout layout)
{
    private const int MaxMessage = 4096;
    private const int MaxLogMessage = 2048;
    private const int MaxLogLines = 80;

    /// <summary>Of a log, in front of each line is a time and more.</summary>
    private const int LogWindow = 64 * 1024;

    private const UnixFileMode ForAnyUser =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Makes the file of an instance that is about to be created; null if it wishes none.</summary>
    /// <param name="others">Its other mounts, which go before: a volume may lie at that path.</param>
    internal ContainerMount? Prepare(Pod pod, ContainerToStart start, ImmutableArray<ContainerMount> others)
    {
        string inside = start.Container.TerminationMessagePath ?? string.Empty;
        if (inside.Length == 0 || others.Any(mount => mount.ContainerPath == inside))
        {
            return null;
        }

        layout.CreatePodDirectory(pod.Uid);
        string path = FileOf(pod.Uid, start.Container.Name, start.Attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);

        // Whoever the container runs as; the directories above keep everybody else out. Set, since umask may say less.
        File.SetUnixFileMode(path, ForAnyUser);
        return new ContainerMount(inside, path, ReadOnly: false, MountPropagation.None, RecursiveReadOnly: false);
    }

    /// <summary>The status with what its ended containers say.</summary>
    internal PodStatus AddTo(Pod pod, PodStatus status) => status with
    {
        Containers =
        [
            .. status.Containers.Select(container => container.State == ContainerState.Exited
                ? container with { Message = Join(container.Message, Read(pod, container)) }
                : container),
        ],
    };

    /// <summary>The container was removed from the runtime.</summary>
    internal void Remove(PodUid pod, ContainerStatus container)
    {
        try
        {
            File.Delete(FileOf(pod, container.Name, container.Attempt));
        }
        catch (DirectoryNotFoundException)
        {
            // It never had one.
        }
    }

    private string Read(Pod pod, ContainerStatus ended)
    {
        V1Container? container = pod.TryGetContainer(ended.Name);
        if (container is null)
        {
            return string.Empty;
        }

        try
        {
            byte[] message = Tail(FileOf(pod.Uid, ended.Name, ended.Attempt), MaxMessage);
            bool asksLog = message.Length == 0 && ended.ExitCode != 0
                && container.TerminationMessagePolicy == "FallbackToLogsOnError";
            return Encoding.UTF8.GetString(asksLog ? EndOfLog(pod, ended) : message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Error on reading termination log: {e.Message}";
        }
    }

    private byte[] EndOfLog(Pod pod, ContainerStatus ended)
    {
        byte[] window = Tail(
            Path.Combine(layout.LogDirectory(pod.Uid, pod.Name), PodLayout.LogPath(ended.Name, ended.Attempt)), LogWindow);
        int start = window.Length < LogWindow ? 0 : Array.IndexOf(window, (byte)'\n') + 1;
        ArrayBufferWriter<byte> content = new();
        CriLogLines lines = new(timestamps: false);
        lines.Append(window.AsSpan(start), content);
        lines.Complete(content);

        ReadOnlySpan<byte> text = content.WrittenSpan;
        int from = text.Length;
        for (int line = 0; line < MaxLogLines && from > 0; line++)
        {
            from = text[..(from - 1)].LastIndexOf((byte)'\n') + 1;
        }

        return text[Math.Max(from, text.Length - MaxLogMessage)..].ToArray();
    }

    /// <summary>The last bytes of a file, none of one that is not there.</summary>
    private static byte[] Tail(string path, int count)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            file.Position = Math.Max(0, file.Length - count);
            byte[] buffer = new byte[count];
            return buffer[..file.ReadAtLeast(buffer, count, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    private string FileOf(PodUid pod, string container, uint attempt) => Path.Combine(
        layout.PodDirectory(pod), "containers", container, attempt.ToString(CultureInfo.InvariantCulture));

    private static string Join(string runtimes, string own) =>
        runtimes.Length == 0 ? own : own.Length == 0 ? runtimes : $"{runtimes}: {own}";
}
