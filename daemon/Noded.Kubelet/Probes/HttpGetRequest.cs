using System.Globalization;
using System.Text;
using k8s.Models;

namespace Noded.Kubelet.Probes;

/// <summary>One GET as a probe or hook sends it.</summary>
/// <param name="Path">With its query, as it goes onto the wire.</param>
/// <param name="Headers">In the order given, without Host.</param>
/// <param name="HostHeader">Null for the one that the address gives.</param>
internal sealed record HttpGetRequest(
    bool IsTls, string Host, int Port, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, string? HostHeader)
{
    internal string Url => $"{(IsTls ? "https" : "http")}://{HandlerPort.Join(Host, Port)}{Path}";

    /// <param name="defaultHost">Where the container listens.</param>
    /// <exception cref="FormatException">The port is none, or a header cannot be sent.</exception>
    internal static HttpGetRequest Of(V1HTTPGetAction get, V1Container container, string defaultHost, string userAgent)
    {
        List<KeyValuePair<string, string>> headers = [];
        string? hostHeader = null;
        foreach (V1HTTPHeader header in get.HttpHeaders ?? [])
        {
            string value = header.Value ?? string.Empty;
            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
            {
                throw new FormatException($"net/http: invalid header field value for \"{header.Name}\"");
            }

            if (header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                hostHeader ??= value.Length > 0 ? value : null;
            }
            else
            {
                headers.Add(new(header.Name, value));
            }
        }

        SetDefault(headers, "User-Agent", userAgent);
        SetDefault(headers, "Accept", "*/*");
        return new HttpGetRequest(
            get.Scheme?.Equals("HTTPS", StringComparison.OrdinalIgnoreCase) == true,
            string.IsNullOrEmpty(get.Host) ? defaultHost : get.Host,
            HandlerPort.Of(get.Port, container),
            ToPath(get.Path),
            headers,
            hostHeader);
    }

    /// <summary>Where a redirect leads; null when it stays nowhere that is understood.</summary>
    internal HttpGetRequest? TryFollow(string location)
    {
        if (!Uri.TryCreate(new Uri(Url), location, out Uri? next) || next.Scheme is not ("http" or "https"))
        {
            return null;
        }

        // A Host of the author's own goes along only as long as the server does not name another.
        bool isRelative = !Uri.TryCreate(location, UriKind.Absolute, out Uri? absolute) || absolute.IsFile;
        return this with
        {
            IsTls = next.Scheme == "https",
            Host = next.IdnHost,
            Port = next.Port,
            Path = ToPath(next.PathAndQuery),
            HostHeader = isRelative ? HostHeader : null,
        };
    }

    internal byte[] ToBytes()
    {
        StringBuilder text = new();
        text.Append("GET ").Append(Path).Append(" HTTP/1.1\r\nHost: ").Append(HostHeader ?? DefaultHostHeader()).Append("\r\n");
        foreach ((string name, string value) in Headers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        text.Append("Connection: close\r\n\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private string DefaultHostHeader()
    {
        string joined = HandlerPort.Join(Host, Port);
        return Port == (IsTls ? 443 : 80) ? joined[..joined.LastIndexOf(':')] : joined;
    }

    /// <summary>One that is given without a value means that it is not to be sent.</summary>
    private static void SetDefault(List<KeyValuePair<string, string>> headers, string name, string value)
    {
        List<KeyValuePair<string, string>> given =
            [.. headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))];
        if (given.Count == 0)
        {
            headers.Add(new(name, value));
        }
        else if (given[0].Value.Length == 0)
        {
            headers.RemoveAll(given.Contains);
        }
    }

    /// <summary>What may not stand in a request line as it is, is escaped; a fragment is not sent.</summary>
    private static string ToPath(string? path)
    {
        string given = (path ?? string.Empty).Split('#')[0];
        StringBuilder escaped = new();
        if (!given.StartsWith('/'))
        {
            escaped.Append('/');
        }

        foreach (byte value in Encoding.UTF8.GetBytes(given))
        {
            if (value is > 0x20 and < 0x7f and not ((byte)'"' or (byte)'<' or (byte)'>' or (byte)'\\'))
            {
                escaped.Append((char)value);
            }
            else
            {
                escaped.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }
}
