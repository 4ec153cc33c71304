using System.Globalization;
using System.Security.Cryptography;
using k8s.Models;

namespace Noded.Kubelet.Pods;

/// <summary>Tells containers of different specs apart across restarts of the daemon.</summary>
internal static class SpecHash
{
    /// <summary>
    /// Eight hex digits over name and image, as upstream: the other fields of a container cannot change under a pod
    /// with the same uid.
    /// </summary>
    internal static string Compute(V1Container container)
    {
        byte[] identity = System.Text.Encoding.UTF8.GetBytes($"{container.Name}\n{container.Image}");
        return BitConverter.ToUInt32(SHA256.HashData(identity)).ToString("x8", CultureInfo.InvariantCulture);
    }
}
