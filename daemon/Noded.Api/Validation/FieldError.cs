namespace Noded.Api.Validation;

/// <summary>One reason why an object is invalid, in upstream's words (apimachinery, util/validation/field).</summary>
public sealed record FieldError(FieldPath Field, string Message)
{
    public override string ToString() => $"{Field}: {Message}";
}
