namespace Noded.Kubelet.Lifecycle;

/// <summary>A lifecycle hook did not do what it should.</summary>
internal sealed class HookException(string message) : IOException(message);
