using System.Net;
using Noded.Dns.Forwarding;

namespace Noded.Dns.Tests.Forwarding;

public sealed class UpstreamServersTests : IDisposable
{
    private readonly DirectoryInfo _machine = Directory.CreateTempSubdirectory("nd-resolv-");
    private readonly UpstreamServers _servers;

    public UpstreamServersTests()
    {
        Directory.CreateDirectory(Path.Combine(_machine.FullName, "etc"));
        Directory.CreateDirectory(Path.Combine(_machine.FullName, "run/systemd/resolve"));
        _servers = new UpstreamServers(
            [IPAddress.Parse("10.96.0.10")], Path.Combine(_machine.FullName, "etc"), Path.Combine(_machine.FullName, "run"));
    }

    [Theory]
    [InlineData("nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a b\n", "192.0.2.1:53 192.0.2.2:53")]
    [InlineData("# nameserver 192.0.2.1\n;x\n  nameserver\t2001:db8::1 \r\n", "[2001:db8::1]:53")]
    [InlineData("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", "192.0.2.1:53")]
    [InlineData("nameserver 10.96.0.10\nnameserver 192.0.2.2\n", "192.0.2.2:53")]
    [InlineData("nameserver 10.96.0.10\n", "")]
    [InlineData("nameserver example.com\nnameserver 1\nnameserver\n", "")]
    [InlineData("nameserver fe80::1%2\n", "[fe80::1%2]:53")]
    [InlineData("", "")]
    public void Current_ResolvConf_HasThese(string text, string expected)
    {
        Write("etc/resolv.conf", text);

        Assert.Equal(expected, Current());
    }

    [Fact]
    public void Current_SystemdsStub_StandsForTheRealServers()
    {
        Write("etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n");
        Write("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.7\n");

        Assert.Equal("192.0.2.7:53", Current());
    }

    [Fact]
    public void Current_StubAlone_IsNotAsked()
    {
        Write("etc/resolv.conf", "nameserver 127.0.0.53\n");

        Assert.Equal("", Current());
    }

    [Fact]
    public void Current_FileChangesOrGoes_FollowsIt()
    {
        Assert.Equal("", Current());

        Write("etc/resolv.conf", "nameserver 192.0.2.1\n");
        string first = Current();
        Write("etc/resolv.conf", "nameserver 192.0.2.2\n");
        string second = Current();
        File.Delete(Path.Combine(_machine.FullName, "etc/resolv.conf"));

        Assert.Equal(("192.0.2.1:53", "192.0.2.2:53", ""), (first, second, Current()));
    }

    public void Dispose() => _machine.Delete(recursive: true);

    /// <summary>By rename, as those do who write this file: the new one is another file.</summary>
    private void Write(string path, string text)
    {
        string file = Path.Combine(_machine.FullName, path);
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }

    private string Current() => string.Join(' ', _servers.Current());
}
