using System.Text.Json;

namespace Noded.Store.Sqlite;

/// <summary>
/// Tells the renewal of a Lease from other changes. A node renews its Lease every ten seconds, and one transaction of
/// that kind writes about 25 kB; when renewals are lost in a crash, the next ones make up for it.
/// </summary>
public static class LeaseRenewal
{
    /// <summary>Whether an object is a Lease and nothing but its time of renewal changes.</summary>
    /// <param name="key">The object's key; that of a Lease has <c>/leases/</c> in it.</param>
    public static bool Is(string key, ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after)
    {
        if (!key.Contains("/leases/", StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            using JsonDocument old = JsonDocument.Parse(before);
            using JsonDocument now = JsonDocument.Parse(after);
            return IsRenewed(old.RootElement, now.RootElement)
                && AreSame(old.RootElement, now.RootElement, "spec", "metadata")
                && AreSame(old.RootElement.GetProperty("spec"), now.RootElement.GetProperty("spec"), "renewTime")
                && HaveSameMetadata(old.RootElement, now.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsRenewed(JsonElement old, JsonElement now) => HasTime(old) && HasTime(now);

    private static bool HasTime(JsonElement lease) =>
        lease.ValueKind == JsonValueKind.Object
        && lease.TryGetProperty("spec", out JsonElement spec)
        && spec.ValueKind == JsonValueKind.Object
        && spec.TryGetProperty("renewTime", out JsonElement time)
        && time.ValueKind == JsonValueKind.String;

    private static bool HaveSameMetadata(JsonElement old, JsonElement now)
    {
        bool hadAny = old.TryGetProperty("metadata", out JsonElement before);
        bool hasAny = now.TryGetProperty("metadata", out JsonElement after);
        return hadAny == hasAny
            && (!hasAny || (before.ValueKind == JsonValueKind.Object && after.ValueKind == JsonValueKind.Object
                // Who renewed it when is noted there, too.
                && AreSame(before, after, "managedFields", "resourceVersion")));
    }

    /// <summary>Compares two objects without some of their properties.</summary>
    private static bool AreSame(JsonElement old, JsonElement now, params ReadOnlySpan<string> except)
    {
        int count = 0;
        foreach (JsonProperty property in old.EnumerateObject())
        {
            if (except.Contains(property.Name))
            {
                continue;
            }

            count++;
            if (!now.TryGetProperty(property.Name, out JsonElement other)
                || !JsonElement.DeepEquals(property.Value, other))
            {
                return false;
            }
        }

        foreach (JsonProperty property in now.EnumerateObject())
        {
            count -= except.Contains(property.Name) ? 0 : 1;
        }

        return count == 0;
    }
}
