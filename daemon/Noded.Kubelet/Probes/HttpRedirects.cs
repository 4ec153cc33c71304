namespace Noded.Kubelet.Probes;

/// <summary>Follows redirects as long as they stay on the host that was asked.</summary>
internal static class HttpRedirects
{
    private const int Max = 10;

    /// <summary>The last answer: one that sends elsewhere is the answer itself.</summary>
    /// <exception cref="IOException">There was none; in the words that upstream's events have.</exception>
    internal static async Task<HttpGetResponse> FollowAsync(HttpGetRequest request, CancellationToken cancellationToken)
    {
        HttpGetRequest current = request;
        try
        {
            for (int redirects = 1; ; redirects++)
            {
                HttpGetResponse response = await HttpGetClient.SendAsync(current, cancellationToken);
                if (response.StatusCode is not (301 or 302 or 303 or 307 or 308) || string.IsNullOrEmpty(response.Location))
                {
                    return response;
                }

                HttpGetRequest next = current.TryFollow(response.Location)
                    ?? throw new FormatException($"failed to parse Location header \"{response.Location}\"");

                // Another host is none of the container's business: that it sends there is all it is asked.
                if (!next.Host.Equals(request.Host, StringComparison.OrdinalIgnoreCase))
                {
                    return response;
                }

                current = next;
                if (redirects == Max)
                {
                    throw new FormatException("stopped after 10 redirects");
                }
            }
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            string message = $"Get \"{current.Url}\": {e.Message}";
            throw e is NoTlsException ? new NoTlsException(message) : new IOException(message, e);
        }
    }
}
