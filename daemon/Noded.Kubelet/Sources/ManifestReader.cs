using System.Collections.Immutable;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Sources;

/// <summary>What a manifest file holds: its pods, or everything that is wrong with it; never both.</summary>
/// <param name="Errors">One line each: file, line, field and what is wrong.</param>
internal sealed record ManifestContent(ImmutableArray<Pod> Pods, ImmutableArray<string> Errors);

/// <summary>Reads a manifest; bad content is part of the answer, only a file that cannot be read is an exception.</summary>
internal delegate ManifestContent ManifestReader(string file, ReadOnlyMemory<byte> content);
