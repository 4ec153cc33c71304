using System.Text;
using k8s.Models;
using Noded.Kubelet.Probes;

namespace Noded.Kubelet.Tests.Probes;

public sealed class HttpGetRequestTests
{
    [Fact]
    public void Of_PlainAction_HasUpstreamsHeaders()
    {
        HttpGetRequest request = Of(new V1HTTPGetAction { Path = "/healthz?full=1#top", Port = "8080" });

        Assert.Equal("http://10.0.0.7:8080/healthz?full=1", request.Url);
        Assert.Equal(
            "GET /healthz?full=1 HTTP/1.1\r\nHost: 10.0.0.7:8080\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\n"
            + "Connection: close\r\n\r\n",
            Text(request));
    }

    [Fact]
    public void Of_HeadersOfTheAuthor_ReplaceAndRemoveTheDefaults()
    {
        HttpGetRequest request = Of(new V1HTTPGetAction
        {
            Path = "/",
            Port = "8080",
            HttpHeaders =
            [
                Header("host", "example.test"), Header("Accept", string.Empty),
                Header("user-agent", "mine"), Header("X-A", "1"), Header("X-A", "2"),
            ],
        });

        Assert.Equal(
            "GET / HTTP/1.1\r\nHost: example.test\r\nuser-agent: mine\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n",
            Text(request));
    }

    [Theory]
    [InlineData("HTTPS", "443", "https://10.0.0.7:443/", "Host: 10.0.0.7\r\n")]
    [InlineData("HTTP", "80", "http://10.0.0.7:80/", "Host: 10.0.0.7\r\n")]
    [InlineData("HTTPS", "web", "https://10.0.0.7:8443/", "Host: 10.0.0.7:8443\r\n")]
    public void Of_SchemeAndPort_AreInUrlAndHost(string scheme, string port, string url, string host)
    {
        HttpGetRequest request = Of(new V1HTTPGetAction { Path = "/", Port = port, Scheme = scheme });

        Assert.Equal(url, request.Url);
        Assert.Contains(host, Text(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "/")]
    [InlineData("health", "/health")]
    [InlineData("/a b\"é", "/a%20b%22%C3%A9")]
    [InlineData("/a%20b", "/a%20b")]
    [InlineData("/a\r\nEvil: 1", "/a%0D%0AEvil:%201")]
    public void Of_Path_IsFitForARequestLine(string path, string expected) =>
        Assert.Equal(expected, Of(new V1HTTPGetAction { Path = path, Port = "80" }).Path);

    [Theory]
    [InlineData("missing", "strconv.Atoi: parsing \"missing\": invalid syntax")]
    [InlineData("0", "invalid port number: 0")]
    [InlineData("65536", "invalid port number: 65536")]
    public void Of_PortThatIsNone_SaysSo(string port, string reason)
    {
        FormatException e = Assert.Throws<FormatException>(() => Of(new V1HTTPGetAction { Path = "/", Port = port }));

        Assert.Equal(reason, e.Message);
    }

    [Fact]
    public void Of_HeaderThatWouldEndItsLine_IsRefused() => Assert.Throws<FormatException>(() => Of(new V1HTTPGetAction
    {
        Path = "/",
        Port = "80",
        HttpHeaders = [Header("X-A", "1\r\nX-B: 2")],
    }));

    [Theory]
    [InlineData("/next", "http://10.0.0.7:8080/next", "example.test")]
    [InlineData("next?a=b", "http://10.0.0.7:8080/dir/next?a=b", "example.test")]
    [InlineData("https://other.test/x", "https://other.test:443/x", null)]
    [InlineData("//other.test:81/x", "http://other.test:81/x", "example.test")]
    [InlineData("http://[fd00::1]:81/x", "http://[fd00::1]:81/x", null)]
    [InlineData("ftp://other.test/x", null, null)]
    [InlineData("http://", null, null)]
    public void TryFollow_Location_LeadsWhereItSays(string location, string? url, string? host)
    {
        HttpGetRequest request = Of(new V1HTTPGetAction
        {
            Path = "/dir/page",
            Port = "8080",
            HttpHeaders = [Header("Host", "example.test")],
        });

        HttpGetRequest? next = request.TryFollow(location);

        Assert.Equal((url, host), (next?.Url, next?.HostHeader));
    }

    private static HttpGetRequest Of(V1HTTPGetAction get) => HttpGetRequest.Of(
        get,
        new V1Container { Name = "app", Ports = [new V1ContainerPort { Name = "web", ContainerPort = 8443 }] },
        "10.0.0.7",
        "kube-probe/1.36");

    private static V1HTTPHeader Header(string name, string value) => new() { Name = name, Value = value };

    private static string Text(HttpGetRequest request) => Encoding.UTF8.GetString(request.ToBytes());
}
