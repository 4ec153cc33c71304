using System.Text;

namespace Noded.Kubelet.Probes;

/// <summary>A GET that has to be answered with a status from 200 to 399.</summary>
internal static class HttpProber
{
    private const int MaxRedirects = 10;

    internal static async Task<ProbeOutcome> ProbeAsync(HttpGetRequest request, CancellationToken cancellationToken)
    {
        HttpGetRequest current = request;
        try
        {
            for (int redirects = 0; ; redirects++)
            {
                HttpGetResponse response = await HttpGetClient.SendAsync(current, cancellationToken);
                if (response.StatusCode is not (301 or 302 or 303 or 307 or 308) || string.IsNullOrEmpty(response.Location))
                {
                    return Judge(response);
                }

                if (current.TryFollow(response.Location) is not { } next)
                {
                    return Failure(current, $"failed to parse Location header \"{response.Location}\"");
                }

                // Another host is none of the container's business: that it sends there is all it is asked.
                if (!next.Host.Equals(request.Host, StringComparison.OrdinalIgnoreCase))
                {
                    return Judge(response);
                }

                current = next;
                if (redirects + 1 == MaxRedirects)
                {
                    return Failure(current, "stopped after 10 redirects");
                }
            }
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return Failure(current, e.Message);
        }
    }

    private static ProbeOutcome Judge(HttpGetResponse response) => response switch
    {
        // As upstream: what has begun to answer is not down.
        { BodyFailure: { } failure } => ProbeOutcome.Error(failure),
        { StatusCode: >= 200 and < 300 } => ProbeOutcome.Success(string.Empty),
        { StatusCode: >= 300 and < 400 } => new ProbeOutcome(
            ProbeVerdict.Warning, $"Probe terminated redirects, Response body: {Encoding.UTF8.GetString(response.Body.Span)}"),
        _ => ProbeOutcome.Failure($"HTTP probe failed with statuscode: {response.StatusCode}"),
    };

    private static ProbeOutcome Failure(HttpGetRequest request, string reason) =>
        ProbeOutcome.Failure($"Get \"{request.Url}\": {reason}");
}
