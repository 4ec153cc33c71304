using System.Collections.Immutable;
using System.Text.Json;
using Noded.Primitives;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Keeps the intents of every pod over the daemon's death, one small file each, written before what they tell of is
/// done. What was written survives the daemon; a terminal status is brought to the disk as well and survives the machine.
/// </summary>
internal sealed class IntentJournal(string directory, FlightRecorder flight)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Pods with intents: those that a daemon let run, or did not, and has not removed.</summary>
    internal ImmutableHashSet<PodUid> Pods => Directory.Exists(directory)
        ? [.. Directory.GetFiles(directory, "*.json").Select(path => new PodUid(Path.GetFileNameWithoutExtension(path)))]
        : [];

    /// <summary>Null for a pod that no daemon has taken up. A file that makes no sense is one, and is told.</summary>
    internal PodIntents? TryRead(PodUid pod)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FileOf(pod)), PodIntentsContext.Default.PodIntents);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            flight.Record(FlightEntryKind.Failed, $"pod uid {pod}", $"read {FileOf(pod)}: {e.Message}");
            return null;
        }
    }

    /// <exception cref="IOException">They cannot be written: what they are for must not be done.</exception>
    internal void Write(PodUid pod, PodIntents intents)
    {
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        string file = FileOf(pod);
        FileStreamOptions options = new()
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            BufferSize = 0,
            UnixCreateMode = OwnerOnly,
        };
        using (FileStream stream = new(file + ".new", options))
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(intents, PodIntentsContext.Default.PodIntents));
            stream.Flush(flushToDisk: intents.Terminal is not null);
        }

        File.Move(file + ".new", file, overwrite: true);
    }

    internal void Remove(PodUid pod)
    {
        try
        {
            File.Delete(FileOf(pod));
            // Of a daemon that was killed before it could put it into place.
            File.Delete(FileOf(pod) + ".new");
        }
        catch (DirectoryNotFoundException)
        {
            // No pod ever had any.
        }
    }

    private string FileOf(PodUid pod) => Path.Combine(directory, pod.Value + ".json");
}
