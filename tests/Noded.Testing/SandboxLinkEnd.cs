namespace Noded.Testing;

/// <summary>One end of a veth pair between sandboxes.</summary>
/// <param name="Link">The link's name inside the sandbox, at most 15 characters.</param>
/// <param name="Address">An address with its prefix length, such as <c>192.168.7.1/24</c>.</param>
public sealed record SandboxLinkEnd(NodeSandbox Sandbox, string Link, string Address);
