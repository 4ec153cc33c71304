using System.Collections.Immutable;

namespace Noded.Oci;

/// <summary>How containers of an image run by default (OCI image-spec, config.md, <c>config</c>).</summary>
public sealed record ImageConfig
{
    /// <summary>User and optional group, as numbers or names of the image's passwd: <c>65535:65535</c>. Empty is root.</summary>
    public string User { get; init; } = "";

    public ImmutableArray<string> Entrypoint { get; init; } = [];

    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary><c>NAME=value</c>, in order.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>Absolute, or empty for the root.</summary>
    public string WorkingDirectory { get; init; } = "";

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary><c>port/protocol</c>: <c>8080/tcp</c>.</summary>
    public ImmutableArray<string> ExposedPorts { get; init; } = [];

    /// <summary><c>SIGTERM</c> and the like; empty leaves it to the runtime.</summary>
    public string StopSignal { get; init; } = "";
}
