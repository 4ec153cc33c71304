using System.Security.Cryptography;

namespace Noded.Testing;

/// <summary>What a sandbox begins with: its root and its PID 1.</summary>
internal static class SandboxSetup
{
    // PID 1 of the sandbox. It is bash because bash reaps the orphans that fall to it while its builtin read
    // waits for the end of a pipe whose only writer is the test process.
    // CRI keeps what CNI plugins answered in /var/lib/cni, whatever its configuration says: writes there stay inside.
    // The cgroup mounts move over to a fresh /sys: sysfs shows the links of the network namespace that mounted it.
    public const string Init = """
        set -e
        root=$1
        echo "${root##*/}" > /proc/sys/kernel/hostname
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir /run/lock
        mkdir "$root/.lib"
        mount -t tmpfs tmpfs "$root/.lib"
        mkdir "$root/.lib/upper" "$root/.lib/work"
        mount -t overlay -o "lowerdir=/var/lib,upperdir=$root/.lib/upper,workdir=$root/.lib/work" overlay /var/lib
        umount --lazy "$root/.lib"
        rmdir "$root/.lib"
        mkdir "$root/.cgroup"
        mount --rbind /sys/fs/cgroup "$root/.cgroup"
        umount --lazy /sys
        mount -t sysfs sysfs /sys
        mount --move "$root/.cgroup" /sys/fs/cgroup
        rmdir "$root/.cgroup"
        mount -t bpf bpf /sys/fs/bpf
        ip link set lo up
        echo ready
        read -r _ || :
        """;

    private const string RootPrefix = "nd-";
    private const int RootDigits = 6;

    /// <summary>Makes an empty root; short, because sockets below it have 107 bytes for their paths.</summary>
    public static string CreateRoot()
    {
        string root = $"/tmp/{RootPrefix}{RandomNumberGenerator.GetHexString(RootDigits, lowercase: true)}";
        return Directory.CreateDirectory(root).FullName;
    }

    /// <summary>Whether a directory of this name under /tmp is, or was, a sandbox's root.</summary>
    public static bool IsRootName(string name) =>
        name.Length == RootPrefix.Length + RootDigits
        && name.StartsWith(RootPrefix, StringComparison.Ordinal)
        && name[RootPrefix.Length..].All(char.IsAsciiHexDigitLower);
}
