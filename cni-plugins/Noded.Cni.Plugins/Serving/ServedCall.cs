using System.Text;
using Noded.Linux.Files;

namespace Noded.Cni.Plugins.Serving;

/// <summary>
/// What a plugin's process says before it is accepted: under which name it was started, who it is, and its CNI_
/// variables. <c>forward.c</c> writes it.
/// </summary>
/// <param name="Caller">Executable, network and mount namespace; see <see cref="OfThisProcess"/>.</param>
internal sealed record ServedCall(string Plugin, string Caller, IReadOnlyDictionary<string, string> Variables)
{
    private const int MaxLength = 64 * 1024;

    /// <summary>
    /// Whom this process may serve: only the same file is the same version, and a path or a link means the same only in
    /// the same namespaces.
    /// </summary>
    internal static string OfThisProcess { get; } =
        string.Join(';', Identity("/proc/self/exe"), Identity("/proc/self/ns/net"), Identity("/proc/self/ns/mnt"));

    /// <summary>Calls of one attachment have to follow one another; null for those of none.</summary>
    internal (string ContainerId, string Interface)? Attachment =>
        Variables.TryGetValue("CNI_CONTAINERID", out string? container) && container.Length > 0
            ? (container, Variables.GetValueOrDefault("CNI_IFNAME", string.Empty))
            : null;

    /// <summary>For people: <c>bridge ADD 4f2a/eth0</c>.</summary>
    public override string ToString() =>
        $"{Plugin} {Variables.GetValueOrDefault("CNI_COMMAND")}"
        + (Attachment is var (container, name) ? $" {container}/{name}" : string.Empty);

    /// <summary>Null when what comes is no call.</summary>
    internal static async Task<ServedCall?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxLength];

        for (int length = 0; length < buffer.Length;)
        {
            int more = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            length += more;

            if (length >= 2 && buffer.AsSpan(length - 2, 2).SequenceEqual("\0\0"u8))
            {
                return Parse(Encoding.UTF8.GetString(buffer, 0, length - 2));
            }

            if (more == 0)
            {
                return null;
            }
        }

        return null;
    }

    internal static ServedCall? Parse(string text)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);

        foreach (string field in text.Split('\0'))
        {
            int equals = field.IndexOf('=', StringComparison.Ordinal);

            if (equals <= 0)
            {
                return null;
            }

            // An environment may have a variable twice; getenv(3) finds the first.
            fields.TryAdd(field[..equals], field[(equals + 1)..]);
        }

        return fields.Remove("name", out string? name) && fields.Remove("caller", out string? caller)
            ? new ServedCall(name, caller, fields)
            : null;
    }

    private static string Identity(string path) => FileStamp.TryRead(path) is { } stamp
        ? $"{stamp.Device >> 32}:{stamp.Device & uint.MaxValue}:{stamp.Inode}"
        : throw new IOException($"{path} cannot be read: is /proc mounted?");
}
