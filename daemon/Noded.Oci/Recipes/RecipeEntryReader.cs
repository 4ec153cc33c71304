using System.Text;

namespace Noded.Oci.Recipes;

/// <summary>Turns one element of a recipe's <c>entries</c> into layer entries: one, or for a tree many.</summary>
internal sealed class RecipeEntryReader(string file, string sourceDirectory)
{
    private const int PermissionBits = 0xFFF;

    /// <param name="field">The element's JSON path, for complaints.</param>
    public IEnumerable<LayerEntry> Read(EntryPart? part, string field) => part switch
    {
        { File: string path, Directory: null, Symlink: null, Tree: null } => [ReadFile(part, path, field)],
        { File: null, Directory: string path, Symlink: null, Tree: null } => [ReadDirectory(part, path, field)],
        { File: null, Directory: null, Symlink: string path, Tree: null } => [ReadSymlink(part, path, field)],
        { File: null, Directory: null, Symlink: null, Tree: string path } => ReadTree(part, path, field),
        _ => throw Complain(field, "needs exactly one of file, directory, symlink, tree"),
    };

    private LayerEntry ReadFile(EntryPart part, string path, string field)
    {
        Forbid(part.Target, $"{field}.target");

        return part switch
        {
            { From: string from, Text: null } => new LayerEntry.HostFile(path, FindFile(from, $"{field}.from"))
            {
                Mode = ReadMode(part, "0644", field),
                Uid = ReadId(part.Uid, $"{field}.uid"),
                Gid = ReadId(part.Gid, $"{field}.gid"),
            },
            { From: null, Text: string text } => new LayerEntry.InlineFile(path, Encoding.UTF8.GetBytes(text))
            {
                Mode = ReadMode(part, "0644", field),
                Uid = ReadId(part.Uid, $"{field}.uid"),
                Gid = ReadId(part.Gid, $"{field}.gid"),
            },
            _ => throw Complain(field, "needs either from or text"),
        };
    }

    private LayerEntry.Directory ReadDirectory(EntryPart part, string path, string field)
    {
        Forbid(part.From, $"{field}.from");
        Forbid(part.Text, $"{field}.text");
        Forbid(part.Target, $"{field}.target");

        return new LayerEntry.Directory(path)
        {
            Mode = ReadMode(part, "0755", field),
            Uid = ReadId(part.Uid, $"{field}.uid"),
            Gid = ReadId(part.Gid, $"{field}.gid"),
        };
    }

    private LayerEntry.Symlink ReadSymlink(EntryPart part, string path, string field)
    {
        Forbid(part.From, $"{field}.from");
        Forbid(part.Text, $"{field}.text");
        Forbid(part.Mode, $"{field}.mode");

        string target = part.Target is { Length: > 0 } text ? text : throw Complain($"{field}.target", "is missing");
        return new LayerEntry.Symlink(path, target)
        {
            Mode = (UnixFileMode)0x1FF, // 0777, which is all a link can have
            Uid = ReadId(part.Uid, $"{field}.uid"),
            Gid = ReadId(part.Gid, $"{field}.gid"),
        };
    }

    private IEnumerable<LayerEntry> ReadTree(EntryPart part, string path, string field)
    {
        Forbid(part.Text, $"{field}.text");
        Forbid(part.Target, $"{field}.target");
        Forbid(part.Mode, $"{field}.mode");

        string from = Resolve(part.From ?? throw Complain($"{field}.from", "is missing"));
        return Directory.Exists(from)
            ? HostTree.Read(from, path, ReadId(part.Uid, $"{field}.uid"), ReadId(part.Gid, $"{field}.gid"))
            : throw Complain($"{field}.from", $"there is no directory {from}");
    }

    private string FindFile(string from, string field)
    {
        string source = Resolve(from);
        return File.Exists(source) ? source : throw Complain(field, $"there is no file {source}");
    }

    private string Resolve(string from) => Path.GetFullPath(from, Path.GetFullPath(sourceDirectory));

    private UnixFileMode ReadMode(EntryPart part, string fallback, string field)
    {
        string text = part.Mode ?? fallback;
        int mode = 0;

        foreach (char digit in text)
        {
            mode = digit is >= '0' and <= '7' && mode <= PermissionBits ? (mode * 8) + (digit - '0') : int.MaxValue;
        }

        return text.Length > 0 && mode <= PermissionBits
            ? (UnixFileMode)mode
            : throw Complain($"{field}.mode", $"'{text}' is not an octal mode up to 7777");
    }

    private int ReadId(int? id, string field) =>
        id is null or >= 0 ? id ?? 0 : throw Complain(field, $"{id} is negative");

    private void Forbid(string? value, string field)
    {
        if (value is not null)
        {
            throw Complain(field, "has no meaning for this kind of entry");
        }
    }

    private RecipeException Complain(string field, string problem) => new(file, field, problem);
}
