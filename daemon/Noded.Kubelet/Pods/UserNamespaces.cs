using System.Text.Json;
using System.Text.Json.Serialization;
using Noded.Kubelet.Runtime;

namespace Noded.Kubelet.Pods;

/// <summary>
/// Gives pods with a user namespace users of the machine that nobody else has, as many each, upstream's way. What is given
/// is a file in the pod's directory and goes with it, so nothing is remembered here and the next daemon finds the same.
/// </summary>
/// <param name="maxPods">How many pods the node takes, and so how many ranges there are.</param>
/// <param name="length">How many users are in one.</param>
internal sealed class UserNamespaces(PodLayout layout, int maxPods, uint length = UserNamespaces.LeastLength)
{
    /// <summary>What images and programs count on.</summary>
    internal const uint LeastLength = 65536;

    /// <summary>Upstream's name.</summary>
    private const string FileName = "userns";

    private readonly Lock _lock = new();

    /// <summary>Null for a pod that has none.</summary>
    /// <exception cref="IOException">The file cannot be read, or makes no sense.</exception>
    internal UserMapping? TryRead(PodUid pod)
    {
        string file = FileOf(pod);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), UserNamespaceContext.Default.UserNamespaceFile)
                is { UidMappings: [{ ContainerId: 0, HostId: > 0 } uids], GidMappings: [var gids] } && uids == gids
                ? new UserMapping(uids.HostId, uids.Length)
                : throw new IOException($"{file}: user namespace: not one mapping of root and those after it");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new IOException($"{file}: user namespace: invalid user namespace mappings file: {e.Message}", e);
        }
    }

    /// <summary>The pod's, given to it now if it has none.</summary>
    /// <exception cref="IOException">There is none left, or it cannot be written down.</exception>
    internal UserMapping Allocate(PodUid pod)
    {
        lock (_lock)
        {
            if (TryRead(pod) is { } own)
            {
                return own;
            }

            UserMapping[] taken =
            [
                .. Directory.GetDirectories(layout.Pods)
                    .Select(path => TryRead(new PodUid(Path.GetFileName(path))))
                    .OfType<UserMapping>(),
            ];

            // The first range is the machine's own users'.
            for (ulong i = 1; i <= (ulong)maxPods && (i + 1) * length <= uint.MaxValue; i++)
            {
                UserMapping free = new((uint)(i * length), length);
                if (!taken.Any(other => other.First < free.First + length && free.First < other.First + other.Length))
                {
                    Write(pod, free);
                    return free;
                }
            }
        }

        throw new IOException("create user namespace: could not find an empty slot to allocate a user namespace");
    }

    private void Write(PodUid pod, UserMapping given)
    {
        IdMapping mapping = new(given.First, 0, given.Length);
        string file = FileOf(pod);
        File.WriteAllBytes(
            file + ".new",
            JsonSerializer.SerializeToUtf8Bytes(
                new UserNamespaceFile([mapping], [mapping]), UserNamespaceContext.Default.UserNamespaceFile));
        File.Move(file + ".new", file, overwrite: true);
    }

    private string FileOf(PodUid pod) => Path.Combine(layout.PodDirectory(pod), FileName);
}

/// <summary>Upstream's file.</summary>
internal sealed record UserNamespaceFile(IdMapping[] UidMappings, IdMapping[] GidMappings);

/// <summary>Users or groups of a container and which ones of the machine they are.</summary>
internal sealed record IdMapping(uint HostId, uint ContainerId, uint Length);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserNamespaceFile))]
internal sealed partial class UserNamespaceContext : JsonSerializerContext;
