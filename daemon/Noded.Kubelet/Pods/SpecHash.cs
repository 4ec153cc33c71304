using System.Globalization;
using System.Security.Cryptography;
using k8s.Models;

namespace Noded.Kubelet.Pods;

/// <summary>Tells containers of different specs apart across restarts of the daemon.</summary>
internal static class SpecHash
{
    /// <summary>
    /// Eight hex digits over name and image, as upstream: nothing else of a container may change under one uid.
    /// A static pod's uid follows from its content, unless the manifest sets one.
    /// </summary>
    internal static string Compute(V1Container container)
    {
        byte[] identity = System.Text.Encoding.UTF8.GetBytes($"{container.Name}\n{container.Image}");
        return BitConverter.ToUInt32(SHA256.HashData(identity)).ToString("x8", CultureInfo.InvariantCulture);
    }
}
