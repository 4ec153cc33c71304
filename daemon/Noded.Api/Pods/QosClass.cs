namespace Noded.Api.Pods;

/// <summary>How well a pod is protected when the node runs short; the names are the API's.</summary>
public enum QosClass
{
    /// <summary>No requests and no limits.</summary>
    BestEffort,

    /// <summary>Some requests or limits.</summary>
    Burstable,

    /// <summary>CPU and memory limits everywhere, each equal to its request.</summary>
    Guaranteed,
}
