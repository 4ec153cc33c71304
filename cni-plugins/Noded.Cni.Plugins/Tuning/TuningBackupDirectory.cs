using System.Text.Json;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>The backups on disk: a file per attachment, named like it, as the reference plugin does.</summary>
/// <remarks>
/// Written at one go before the change: a file that cannot be read is of an ADD that was killed before it changed
/// anything, and counts as none.
/// </remarks>
internal sealed class TuningBackupDirectory(string path)
{
    private const string Suffix = ".json";

    /// <summary>Writes a backup down; one that is there stays, as it is of the link before any change.</summary>
    internal void Add(Attachment attachment, TuningBackup backup)
    {
        string file = FileOf(attachment);

        if (Read(file) is null)
        {
            Directory.CreateDirectory(path);
            File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(backup, PluginJson.Default.TuningBackup));
        }
    }

    /// <summary>The backup of an attachment; null when nothing was changed or the file cannot be read as one.</summary>
    internal TuningBackup? Find(Attachment attachment) => Read(FileOf(attachment));

    internal void Remove(Attachment attachment)
    {
        if (Directory.Exists(path))
        {
            File.Delete(FileOf(attachment));
        }
    }

    /// <summary>Removes those of a network's attachments that are not valid, and what is nobody's.</summary>
    internal void RemoveInvalid(string network, IReadOnlySet<Attachment> valid)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        HashSet<string> kept = [.. valid.Select(FileOf)];

        foreach (string file in Directory.EnumerateFiles(path, "*" + Suffix))
        {
            // The reference plugin's name no network, and stay.
            if (!kept.Contains(file) && (Read(file) is not TuningBackup backup || backup.Network == network))
            {
                File.Delete(file);
            }
        }
    }

    private static TuningBackup? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), PluginJson.Default.TuningBackup);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private string FileOf(Attachment attachment) =>
        Path.Combine(path, $"{attachment.ContainerId}_{attachment.InterfaceName}{Suffix}");
}
