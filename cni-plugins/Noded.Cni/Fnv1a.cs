using System.Text;

namespace Noded.Cni;

/// <summary>
/// FNV-1a of 64 bits, for short names of what plugins leave in the kernel. The hashes of .NET load OpenSSL, which takes
/// longer than everything else that a plugin does.
/// </summary>
public static class Fnv1a
{
    public static ulong Hash(string text)
    {
        ulong hash = 0xcbf29ce484222325;

        foreach (byte part in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ part) * 0x100000001b3);
        }

        return hash;
    }
}
