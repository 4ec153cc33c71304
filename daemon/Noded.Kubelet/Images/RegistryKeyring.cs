using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Noded.Api.Pods;
using Noded.Kubelet.Runtime;
using Noded.Primitives;

namespace Noded.Kubelet.Images;

/// <summary>
/// The node's own credentials for registries: a file in Docker's format, upstream's <c>/var/lib/kubelet/config.json</c>.
/// Read anew for each pull, since tools change it while the daemon runs.
/// </summary>
internal sealed class RegistryKeyring(string file, FlightRecorder flight)
{
    private const int MaxFile = 1 << 20;

    /// <summary>Those whose registry or path the image is from, the longest path first; none is an empty list.</summary>
    internal ImmutableArray<RegistryCredentials> Find(string image)
    {
        try
        {
            FileInfo info = new(file);
            if (!info.Exists)
            {
                return [];
            }

            if (info.Length > MaxFile)
            {
                throw new IOException($"it has more than {MaxFile} bytes");
            }

            DockerConfig? config =
                JsonSerializer.Deserialize(File.ReadAllBytes(file), DockerConfigContext.Default.DockerConfig);
            string name = ImageTag.RepositoryOf(image);
            return
            [
                .. (config?.Auths ?? [])
                    .Select(entry => (Prefix: Normalize(entry.Key), Credentials: ToCredentials(entry.Value)))
                    .Where(entry => entry.Credentials is not null && Matches(name, entry.Prefix))
                    .OrderByDescending(entry => entry.Prefix.Length)
                    .Select(entry => entry.Credentials!),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException)
        {
            // Without the content, which is secret.
            string problem = e is JsonException or FormatException ? "is not Docker's format" : e.Message;
            flight.Record(FlightEntryKind.Failed, "images", $"read credentials from {file}: {problem}");
            return [];
        }
    }

    private static bool Matches(string name, string prefix) =>
        name == prefix || name.StartsWith(prefix + "/", StringComparison.Ordinal);

    /// <summary><c>https://index.docker.io/v1/</c> is how Docker's own tools write <c>docker.io</c>.</summary>
    private static string Normalize(string key)
    {
        string name = key.StartsWith("https://", StringComparison.Ordinal) ? key[8..]
            : key.StartsWith("http://", StringComparison.Ordinal) ? key[7..] : key;
        name = name.TrimEnd('/');
        if (name.EndsWith("/v1", StringComparison.Ordinal) || name.EndsWith("/v2", StringComparison.Ordinal))
        {
            name = name[..^3];
        }

        return name == "index.docker.io" ? "docker.io" : name;
    }

    private static RegistryCredentials? ToCredentials(DockerAuth entry)
    {
        if (entry.UserName is { Length: > 0 } user)
        {
            return new RegistryCredentials(user, entry.Password ?? string.Empty);
        }

        if (entry.Auth is not { Length: > 0 } encoded)
        {
            return null;
        }

        string[] pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).Split(':', 2);
        return pair.Length == 2 ? new RegistryCredentials(pair[0], pair[1]) : null;
    }
}

/// <summary>Docker's <c>config.json</c>, as far as it has credentials.</summary>
internal sealed class DockerConfig
{
    [JsonPropertyName("auths")]
    public Dictionary<string, DockerAuth>? Auths { get; set; }
}

/// <summary>One registry's.</summary>
internal sealed class DockerAuth
{
    [JsonPropertyName("username")]
    public string? UserName { get; set; }

    [JsonPropertyName("password")]
    public string? Password { get; set; }

    /// <summary>User and password with a colon between them, in base64.</summary>
    [JsonPropertyName("auth")]
    public string? Auth { get; set; }
}

[JsonSerializable(typeof(DockerConfig))]
internal sealed partial class DockerConfigContext : JsonSerializerContext;
