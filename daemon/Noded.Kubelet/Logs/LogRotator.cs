using System.IO.Compression;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Logs;

/// <summary>A running container and the file that it logs to.</summary>
internal sealed record LoggedContainer(ContainerId Id, string File);

/// <summary>Rotates the log of a running container. Killed at any line, it loses nothing: the next one goes on.</summary>
internal sealed class LogRotator(IRuntimeService runtime, LogRotationOptions options, TimeProvider clock)
{
    internal long MaxSize => options.MaxSize;

    /// <exception cref="IOException">The machine or the runtime refuses; the log is as it was, or its new file is begun.</exception>
    internal async Task RotateAsync(LoggedContainer container, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(container.File)!;
        LogRotationPlan plan = LogRotationPlan.Compute(
            Names(directory), Path.GetFileName(container.File), options.MaxFiles, clock.GetUtcNow());
        foreach (string name in plan.Remove)
        {
            File.Delete(Path.Combine(directory, name));
        }

        foreach (string name in plan.Compress)
        {
            await CompressAsync(Path.Combine(directory, name), cancellationToken);
        }

        string rotated = Path.Combine(directory, plan.RotateTo);
        File.Move(container.File, rotated);
        try
        {
            await runtime.ReopenContainerLogAsync(container.Id, cancellationToken);
        }
        catch (IOException) when (File.Exists(container.File))
        {
            // The runtime has begun the new file: only its answer was lost.
        }
        catch (Exception)
        {
            // It still writes to the old one, which has its name back; the next look tries again.
            File.Move(rotated, container.File);
            throw;
        }
    }

    internal Task ReopenAsync(LoggedContainer container, CancellationToken cancellationToken) =>
        runtime.ReopenContainerLogAsync(container.Id, cancellationToken);

    /// <summary>The names of what is in a directory.</summary>
    internal static IReadOnlyCollection<string> Names(string directory) =>
        Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).ToHashSet();

    /// <summary>The compressed file gets its name once it is whole; until the plain one is gone, it is the one that counts.</summary>
    private static async Task CompressAsync(string file, CancellationToken cancellationToken)
    {
        string temporary = file + RotatedLogs.Temporary;
        await using (FileStream plain = File.OpenRead(file))
        await using (FileStream compressed = new(temporary, FileMode.Create, FileAccess.Write))
        await using (GZipStream gzip = new(compressed, CompressionLevel.Fastest))
        {
            await plain.CopyToAsync(gzip, cancellationToken);
        }

        File.SetUnixFileMode(temporary, File.GetUnixFileMode(file));

        // Readers skip files that end before the time that they are asked for.
        File.SetLastWriteTimeUtc(temporary, File.GetLastWriteTimeUtc(file));
        File.Move(temporary, file + RotatedLogs.Compressed, overwrite: true);
        File.Delete(file);
    }
}
