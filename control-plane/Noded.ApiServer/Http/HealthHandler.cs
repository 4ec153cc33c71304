using System.Text;

using Microsoft.AspNetCore.Http;

namespace Noded.ApiServer.Http;

/// <summary>Answers whether the server lives and is ready; anybody may ask.</summary>
internal static class HealthHandler
{
    private static readonly byte[] Ok = "ok"u8.ToArray();

    public static async Task<bool> TryWriteAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not ["healthz" or "livez" or "readyz", ..])
        {
            return false;
        }

        byte[] body = context.Request.Query.ContainsKey("verbose")
            ? Encoding.ASCII.GetBytes($"[+]ping ok\n{parts[0]} check passed\n")
            : Ok;
        await ResponseWriter.WriteBytesAsync(context, 200, "text/plain; charset=utf-8", body);
        return true;
    }
}
