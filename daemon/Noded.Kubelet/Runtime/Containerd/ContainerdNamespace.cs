using Grpc.Core;

namespace Noded.Kubelet.Runtime.Containerd;

/// <summary>In which of containerd's namespaces a call of its own API is meant; CRI keeps everything in one.</summary>
internal static class ContainerdNamespace
{
    internal const string Header = "containerd-namespace";

    internal const string Cri = "k8s.io";

    /// <summary>For a call about what CRI has.</summary>
    internal static Metadata CriHeaders() => new() { { Header, Cri } };
}
