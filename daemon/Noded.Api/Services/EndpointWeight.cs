using System.Globalization;

using Noded.Api.Validation;

namespace Noded.Api.Services;

/// <summary>
/// The annotation <c>noded.dev/weight</c> of a pod, or of an EndpointSlice for all that it lists: an endpoint of weight 3
/// is chosen three times as often as one of weight 1. Kubernetes has no field for it.
/// </summary>
public static class EndpointWeight
{
    public const string Annotation = "noded.dev/weight";
    public const int Default = 1;
    public const int Max = 100;

    /// <summary>Of an object with these annotations; <see cref="Default"/> when they say nothing or nothing valid.</summary>
    public static int Of(IDictionary<string, string>? annotations) =>
        annotations?.TryGetValue(Annotation, out string? text) == true && TryParse(text, out int weight)
            ? weight
            : Default;

    /// <param name="metadata">The path of the object's metadata.</param>
    public static void Validate(IDictionary<string, string>? annotations, FieldPath metadata, FieldErrors errors)
    {
        if (annotations?.TryGetValue(Annotation, out string? text) == true && !TryParse(text, out _))
        {
            errors.Invalid(
                metadata.Child("annotations").Key(Annotation),
                text,
                string.Create(CultureInfo.InvariantCulture, $"must be between 1 and {Max}, inclusive"));
        }
    }

    private static bool TryParse(string text, out int weight) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out weight) && weight is >= 1 and <= Max;
}
