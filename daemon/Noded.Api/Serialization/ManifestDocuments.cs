using System.Collections.Immutable;

using Noded.Api.Validation;
using Noded.Api.Yaml;

namespace Noded.Api.Serialization;

/// <summary>The documents of a manifest file, one after the other; what is wrong with one does not hide the next one's.</summary>
internal static class ManifestDocuments
{
    /// <param name="read">Takes a document in and says what is wrong with its fields.</param>
    /// <returns>Everything that is wrong, where it stands; with anything, nothing of the file counts.</returns>
    public static ImmutableArray<ManifestError> Read(
        string file, ReadOnlySpan<byte> content, Action<SourceDocument, FieldErrors> read)
    {
        ImmutableArray<ManifestError>.Builder errors = ImmutableArray.CreateBuilder<ManifestError>();
        try
        {
            foreach (SourceDocument document in SourceReader.Read(Path.GetFileName(file), content))
            {
                try
                {
                    FieldErrors fields = new();
                    read(document, fields);
                    errors.AddRange(fields.ToImmutable().Select(error => new ManifestError(
                        document.File, document.LineOf(error.Field.Text), error.Field.Text, error.Message)));
                }
                catch (ManifestException e)
                {
                    errors.AddRange(e.Errors);
                }
            }
        }
        catch (ManifestException e)
        {
            errors.AddRange(e.Errors);
        }

        return errors.DrainToImmutable();
    }
}
