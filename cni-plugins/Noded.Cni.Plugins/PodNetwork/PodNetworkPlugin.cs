using System.Net;
using System.Text.Json;
using Noded.Cni.Results;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.PodNetwork;

/// <summary>
/// Connects a pod as its annotations wish: by the plugin that it delegates to, or, for <c>noded.dev/network: none</c>,
/// with nothing but the loopback interface.
/// </summary>
internal sealed class PodNetworkPlugin(PluginInvoker invoker) : ICniPlugin
{
    private const string Annotation = "noded.dev/network";

    /// <summary>What a pod without a network reaches itself by; a runtime insists on some address.</summary>
    private static readonly CniResult Isolated =
        new() { Ips = [new CniAddress(new IPPrefix(IPAddress.Loopback, 8)), new CniAddress(IPPrefix.Host(IPAddress.IPv6Loopback))] };

    public CniResult Add(CniRequest request)
    {
        PodNetworkConfig config = request.Read(PluginJson.Default.PodNetworkConfig);

        if (!IsIsolated(config))
        {
            CniRequest delegated = Delegate(request, config);
            return Find(delegated).Add(delegated);
        }

        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        inside.ChangeLink(inside.GetLink("lo").Index, new LinkChange { Up = true });
        return Isolated;
    }

    /// <summary>Whatever the annotations say: what was never connected is gone already.</summary>
    public void Del(CniRequest request)
    {
        CniRequest delegated = Delegate(request);
        Find(delegated).Del(delegated);
    }

    public void Check(CniRequest request)
    {
        PodNetworkConfig config = request.Read(PluginJson.Default.PodNetworkConfig);

        if (!IsIsolated(config))
        {
            CniRequest delegated = Delegate(request, config);
            Find(delegated).Check(delegated);
            return;
        }

        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);

        if (inside.FindLink(request.Attachment.InterfaceName) is not null)
        {
            throw new CniException(
                CniErrorCode.CheckFailed, $"{request.Attachment} is to have no network, and is connected");
        }
    }

    public void Gc(CniRequest request)
    {
        CniRequest delegated = Delegate(request);
        Find(delegated).Gc(delegated);
    }

    public void Status(CniRequest request)
    {
        CniRequest delegated = Delegate(request);
        Find(delegated).Status(delegated);
    }

    /// <exception cref="CniException">The annotation asks for something that is not there.</exception>
    private static bool IsIsolated(PodNetworkConfig config) =>
        config.RuntimeConfig?.Annotations?.GetValueOrDefault(Annotation) switch
        {
            null or "" => false,
            "none" => true,
            string other => throw new CniException(
                CniErrorCode.InvalidNetworkConfig, $"annotation {Annotation}: \"{other}\" is not \"none\""),
        };

    private static CniRequest Delegate(CniRequest request) =>
        Delegate(request, request.Read(PluginJson.Default.PodNetworkConfig));

    /// <summary>The call as the delegate gets it: its own settings in the frame of ours.</summary>
    private static CniRequest Delegate(CniRequest request, PodNetworkConfig config)
    {
        if (config.Delegate.ValueKind != JsonValueKind.Object)
        {
            throw new CniException(CniErrorCode.InvalidNetworkConfig, "the configuration has no object \"delegate\"");
        }

        using JsonDocument frame = JsonDocument.Parse(request.Document);
        using MemoryStream document = new();

        using (Utf8JsonWriter json = new(document))
        {
            json.WriteStartObject();

            foreach (JsonProperty setting in config.Delegate.EnumerateObject())
            {
                setting.WriteTo(json);
            }

            foreach (JsonProperty setting in frame.RootElement.EnumerateObject())
            {
                if (setting.Name is not ("type" or "delegate" or "capabilities"))
                {
                    setting.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }

        return request.WithDocument(document.ToArray());
    }

    private ICniPlugin Find(CniRequest delegated) =>
        invoker.Find(delegated.Config.Type ?? "", delegated.Arguments.SearchPath);
}
