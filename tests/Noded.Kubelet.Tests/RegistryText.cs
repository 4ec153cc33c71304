using System.Text;
using Prometheus;

namespace Noded.Kubelet.Tests;

internal static class RegistryText
{
    /// <summary>What a scrape would show.</summary>
    internal static async Task<string> ReadTextAsync(this CollectorRegistry registry)
    {
        using MemoryStream text = new();
        await registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
