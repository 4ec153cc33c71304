using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Registries;

/// <summary>The metadata that every object has.</summary>
internal static class ObjectMetadata
{
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int LongestBase = 58;

    public static JsonObject Metadata(this JsonObject document) => document.ObjectOrNew("metadata");

    public static string Name(this JsonObject document) => document.Object("metadata").Text("name") ?? "";

    public static string Namespace(this JsonObject document) => document.Object("metadata").Text("namespace") ?? "";

    public static string Uid(this JsonObject document) => document.Object("metadata").Text("uid") ?? "";

    public static JsonObject? Labels(this JsonObject document) => document.Object("metadata").Object("labels");

    public static bool IsBeingDeleted(this JsonObject document) =>
        document.Object("metadata").Text("deletionTimestamp") is not null;

    public static IEnumerable<string> Finalizers(this JsonObject document) =>
        document.Object("metadata").Texts("finalizers");

    /// <summary>Gives the document the version that it was read with.</summary>
    public static JsonObject WithRevision(this JsonObject document, long revision)
    {
        document.Metadata()["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);
        return document;
    }

    /// <summary>Takes the version that the client sent off the document, as it is no part of what is kept.</summary>
    public static string? TakeRevision(this JsonObject document)
    {
        JsonObject metadata = document.Metadata();
        string? revision = metadata.Text("resourceVersion");
        metadata.Remove("resourceVersion");
        return revision is "" or "0" ? null : revision;
    }

    public static void SetFinalizers(this JsonObject document, IReadOnlyCollection<string> finalizers)
    {
        if (finalizers.Count == 0)
        {
            document.Metadata().Remove("finalizers");
        }
        else
        {
            document.Metadata()["finalizers"] = new JsonArray([.. finalizers.Select(name => (JsonNode)name)]);
        }
    }

    /// <summary>A name that begins with <paramref name="prefix"/> and has hardly been given before.</summary>
    public static string GenerateName(string prefix)
    {
        string start = prefix.Length > LongestBase ? prefix[..LongestBase] : prefix;
        return start + RandomNumberGenerator.GetString(NameAlphabet, 5);
    }
}
