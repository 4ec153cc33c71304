namespace Noded.ApiServer.WatchCaches;

/// <summary>What selectors ask of an object, kept beside its bytes so that nobody decodes those to answer.</summary>
/// <param name="Labels">In the order in which the object has them.</param>
/// <param name="Fields">The values of the kind's selectable fields, in the order of <see cref="FactsDecoder.Names"/>.</param>
internal sealed record ObjectFacts(KeyValuePair<string, string>[] Labels, string[] Fields)
{
    /// <summary>A label's value; null if the object does not have it.</summary>
    public string? Label(string key)
    {
        foreach ((string name, string value) in Labels)
        {
            if (name == key)
            {
                return value;
            }
        }

        return null;
    }
}
