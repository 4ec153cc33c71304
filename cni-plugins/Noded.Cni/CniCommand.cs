namespace Noded.Cni;

/// <summary>CNI_COMMAND (CNI specification 1.1.0, section 2).</summary>
public enum CniCommand
{
    Add,
    Del,
    Check,
    Gc,
    Status,
    Version,
}
