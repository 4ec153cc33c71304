using Microsoft.AspNetCore.Http;

namespace Noded.ApiServer.Http;

/// <summary>The forms in which an answer can be given.</summary>
internal enum AnswerForm
{
    Json,
    Protobuf,
    Table,

    /// <summary>Metadata alone.</summary>
    Partial,
}

/// <summary>Which form a client prefers.</summary>
internal static class AcceptHeader
{
    /// <summary>The first acceptable form that can be given; null if there is none.</summary>
    public static AnswerForm? Form(HttpRequest request)
    {
        string accept = request.Headers.Accept.ToString();
        if (accept.Length == 0)
        {
            return AnswerForm.Json;
        }

        foreach (string range in accept.Split(','))
        {
            string[] parts = [.. range.Split(';').Select(part => part.Trim())];
            string? form = parts.FirstOrDefault(part => part.StartsWith("as=", StringComparison.Ordinal))?[3..];
            bool isJson = parts[0] is "application/json" or "application/*" or "*/*";
            switch (form)
            {
                case null when isJson:
                    return AnswerForm.Json;
                case null when parts[0] == Documents.ProtobufReader.MediaType:
                    return AnswerForm.Protobuf;
                case "Table" when isJson:
                    return AnswerForm.Table;
                case "PartialObjectMetadata" or "PartialObjectMetadataList" when isJson:
                    return AnswerForm.Partial;
                default:
                    break;
            }
        }

        return null;
    }

    /// <summary>The version of tables and of metadata that a client knows.</summary>
    public static string MetaVersion(HttpRequest request) =>
        request.Headers.Accept.ToString().Split(',')[0].Contains("v=v1beta1", StringComparison.Ordinal)
            ? "meta.k8s.io/v1beta1"
            : "meta.k8s.io/v1";
}
