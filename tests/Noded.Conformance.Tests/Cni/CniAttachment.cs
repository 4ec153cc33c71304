namespace Noded.Conformance.Tests.Cni;

/// <summary>What a runtime says of a container: CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME and CNI_ARGS.</summary>
internal sealed record CniAttachment(
    string ContainerId, string NetworkNamespace, string InterfaceName = "eth0", string Arguments = "");
