using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>One call of the runtime.</summary>
/// <param name="Version">The configuration's; the result is written in it.</param>
/// <param name="Document">The configuration as it came, for plugins that are called in turn.</param>
public sealed record CniRequest(CniArguments Arguments, CniVersion Version, NetworkConfig Config, ReadOnlyMemory<byte> Document)
{
    public Attachment Attachment => Arguments.Attachment;

    /// <summary>The configuration as a plugin's own type.</summary>
    /// <exception cref="CniException">A field has the wrong type; the message names it.</exception>
    public T Read<T>(JsonTypeInfo<T> type)
        where T : class => CniDocument.Read(Document.Span, type, "failed to load netconf");

    /// <summary>The same call with another configuration, for a plugin that is delegated to.</summary>
    public CniRequest WithDocument(byte[] document) => this with
    {
        Config = CniDocument.Read(document, CniJson.Default.NetworkConfig, "failed to load netconf"),
        Document = document,
    };

    /// <summary>What the plugin before this one in the chain returned; null for the first.</summary>
    public CniResult? PreviousResult => Config.PreviousResult is JsonElement element
        ? CniDocument.Read(element, CniJson.Default.CniResult, "failed to parse prevResult")
        : null;

    /// <summary>GC: the attachments that are to stay.</summary>
    /// <exception cref="CniException">The runtime did not say, which must not be read as none.</exception>
    public IReadOnlySet<Attachment> ValidAttachments
    {
        get
        {
            JsonElement valid = Config.ValidAttachments.ValueKind == JsonValueKind.Undefined
                ? Config.Attachments
                : Config.ValidAttachments;

            return valid.ValueKind switch
            {
                JsonValueKind.Undefined => throw new CniException(
                    CniErrorCode.InvalidNetworkConfig, "GC: the configuration has no cni.dev/valid-attachments"),
                JsonValueKind.Null => new HashSet<Attachment>(),
                _ => CniDocument.Read(valid, CniJson.Default.ValidAttachmentArray, "failed to parse cni.dev/valid-attachments")
                    .Select(attachment => new Attachment(attachment.ContainerId, attachment.IfName))
                    .ToHashSet(),
            };
        }
    }

    /// <summary>For plugins that come second or later.</summary>
    /// <exception cref="CniException">There is none.</exception>
    public CniResult RequirePreviousResult() =>
        PreviousResult
        ?? throw new CniException(
            CniErrorCode.InvalidNetworkConfig, "must be called as chained plugin: the configuration has no prevResult");
}
