using System.Collections.Immutable;

namespace Noded.Api.Serialization;

/// <summary>One thing that is wrong with a manifest; prints as one line.</summary>
/// <param name="Line">From 1; 0 when no line can be named.</param>
/// <param name="Field">The path, <c>spec.containers[0].image</c>; empty when the message names it itself.</param>
public sealed record ManifestError(string File, int Line, string Field, string Message)
{
    public override string ToString()
    {
        string place = Line > 0 ? $"{File}:{Line}" : File;
        return Field.Length > 0 ? $"{place}: {Field}: {Message}" : $"{place}: {Message}";
    }
}

/// <summary>A manifest was refused. <see cref="Errors"/> holds every reason, not only the first.</summary>
public sealed class ManifestException : Exception
{
    public ManifestException(ImmutableArray<ManifestError> errors)
        : base(string.Join('\n', errors)) => Errors = errors;

    public ManifestException(ManifestError error)
        : this([error])
    {
    }

    public ImmutableArray<ManifestError> Errors { get; }
}
