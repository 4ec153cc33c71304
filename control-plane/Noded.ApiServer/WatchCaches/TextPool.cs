namespace Noded.ApiServer.WatchCaches;

/// <summary>Texts that are likely to come again, each of them once. A newer text may take an older one's place.</summary>
internal sealed class TextPool
{
    private const int Places = 1024;

    // A place is read and written whole; to lose a race costs a text that is there twice.
    private readonly string?[] _texts = new string?[Places];

    public string Get(string text)
    {
        ref string? place = ref _texts[(uint)string.GetHashCode(text, StringComparison.Ordinal) % Places];
        if (place is { } present && present == text)
        {
            return present;
        }

        return place = text;
    }
}
