namespace Noded.Cni;

/// <summary>One interface of one container: what the specification's verbs act on.</summary>
public sealed record Attachment(string ContainerId, string InterfaceName)
{
    public override string ToString() => $"{ContainerId}/{InterfaceName}";
}
