using System.Text;

namespace Noded.Kubelet.Probes;

/// <summary>A GET that has to be answered with a status from 200 to 399.</summary>
internal static class HttpProber
{
    internal static async Task<ProbeOutcome> ProbeAsync(HttpGetRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return Judge(await HttpRedirects.FollowAsync(request, cancellationToken));
        }
        catch (IOException e)
        {
            return ProbeOutcome.Failure(e.Message);
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
}
