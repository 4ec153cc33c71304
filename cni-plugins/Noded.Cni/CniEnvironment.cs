using Noded.Linux.Namespaces;

namespace Noded.Cni;

/// <summary>Reads the runtime's environment variables (CNI specification 1.1.0, section 2, "Parameters").</summary>
/// <param name="read">Gives the value of a variable, null or empty when it is not set.</param>
public sealed class CniEnvironment(Func<string, string?> read)
{
    // IFNAMSIZ with the final zero.
    private const int MaxInterfaceNameLength = 15;

    private readonly List<string> _missing = [];

    public static CniEnvironment OfThisProcess { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>Not called by a runtime but by a person.</summary>
    public bool HasNoCommand => string.IsNullOrEmpty(read("CNI_COMMAND"));

    /// <exception cref="CniException">A variable that the command needs is missing or wrong.</exception>
    public CniArguments Read()
    {
        CniCommand command = ReadCommand();
        bool isForContainer = command is CniCommand.Add or CniCommand.Del or CniCommand.Check;
        bool needsNamespace = command is CniCommand.Add or CniCommand.Check;

        string containerId = Read("CNI_CONTAINERID", isForContainer);
        string netns = Read("CNI_NETNS", needsNamespace);
        string interfaceName = Read("CNI_IFNAME", isForContainer);
        string path = Read("CNI_PATH", command is not CniCommand.Version);

        if (_missing.Count > 0)
        {
            throw Invalid($"required env variables [{string.Join(',', _missing)}] missing");
        }

        if (isForContainer)
        {
            CniNames.CheckContainerId(containerId);
            CheckInterfaceName(interfaceName);
        }

        return new CniArguments(
            command,
            new Attachment(containerId, interfaceName),
            isForContainer && netns.Length > 0 && IsThere(command, netns) ? netns : null,
            path.Split(':', StringSplitOptions.RemoveEmptyEntries),
            ReadExtra());
    }

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidEnvironmentVariables, message);

    private CniCommand ReadCommand() => read("CNI_COMMAND") switch
    {
        "ADD" => CniCommand.Add,
        "DEL" => CniCommand.Del,
        "CHECK" => CniCommand.Check,
        "GC" => CniCommand.Gc,
        "STATUS" => CniCommand.Status,
        "VERSION" => CniCommand.Version,
        null or "" => throw Invalid("required env variables [CNI_COMMAND] missing"),
        string other => throw Invalid($"unknown CNI_COMMAND: {other}"),
    };

    private string Read(string name, bool isRequired)
    {
        string value = read(name) ?? "";

        if (isRequired && value.Length == 0)
        {
            _missing.Add(name);
        }

        return value;
    }

    /// <summary>False when it is gone and the command is DEL, which then does what is left to do.</summary>
    private bool IsThere(CniCommand command, string netns)
    {
        NetworkNamespace target = new(netns);

        if (!target.Exists)
        {
            return command is CniCommand.Del
                ? false
                : File.Exists(netns)
                ? throw new CniException(
                    CniErrorCode.InvalidNetworkNamespace, $"{netns} is no network namespace")
                : throw new CniException(
                    CniErrorCode.UnknownContainer, $"the network namespace {netns} does not exist");
        }

        return target.IsOwn && read("CNI_NETNS_OVERRIDE")?.ToUpperInvariant() is not ("TRUE" or "1")
            ? throw new CniException(
                CniErrorCode.InvalidNetworkNamespace,
                "plugin's netns and netns from CNI_NETNS should not be the same",
                $"{netns} is the plugin's own network namespace")
            : true;
    }

    private static void CheckInterfaceName(string name)
    {
        string? fault = name switch
        {
            { Length: > MaxInterfaceNameLength } => $"is longer than {MaxInterfaceNameLength} characters",
            "." or ".." => "is . or ..",
            _ when name.Any(character => character is '/' or ':' || char.IsWhiteSpace(character)) =>
                "contains / or : or whitespace",
            _ => null,
        };

        if (fault is not null)
        {
            throw Invalid($"CNI_IFNAME: interface name \"{name}\" {fault}");
        }
    }

    private Dictionary<string, string> ReadExtra()
    {
        Dictionary<string, string> extra = new(StringComparer.Ordinal);

        foreach (string pair in (read("CNI_ARGS") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);

            if (equals <= 0)
            {
                throw Invalid($"CNI_ARGS: invalid pair \"{pair}\"");
            }

            extra[pair[..equals]] = pair[(equals + 1)..];
        }

        return extra;
    }
}
