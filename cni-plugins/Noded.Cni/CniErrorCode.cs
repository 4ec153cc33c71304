namespace Noded.Cni;

/// <summary>Codes of the CNI specification 1.1.0, section "Error"; 100 and above belong to the plugins.</summary>
public enum CniErrorCode
{
    IncompatibleVersion = 1,
    UnsupportedField = 2,

    /// <summary>There is no such container: the runtime need not clean up after it.</summary>
    UnknownContainer = 3,
    InvalidEnvironmentVariables = 4,
    IOFailure = 5,
    DecodingFailure = 6,
    InvalidNetworkConfig = 7,

    /// <summary>CNI_NETNS is no network namespace, or the plugin's own.</summary>
    InvalidNetworkNamespace = 8,
    TryAgainLater = 11,

    /// <summary>STATUS: the plugin cannot serve ADD.</summary>
    PluginNotAvailable = 50,

    /// <summary>No address is left.</summary>
    AddressesExhausted = 101,

    /// <summary>An address was asked for that is taken or out of range.</summary>
    AddressNotAvailable = 102,

    /// <summary>The container has what it asks for already.</summary>
    DuplicateAttachment = 103,

    /// <summary>CHECK: something is not as ADD left it.</summary>
    CheckFailed = 104,

    /// <summary>A port of the machine is another container's.</summary>
    HostPortTaken = 105,

    /// <summary>Whatever else failed, as the reference implementation numbers it.</summary>
    Internal = 999,
}
