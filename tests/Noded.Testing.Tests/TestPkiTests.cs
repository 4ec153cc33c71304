using System.Security.Cryptography.X509Certificates;

namespace Noded.Testing.Tests;

public sealed class TestPkiTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly TestPki _pki;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public TestPkiTests() => _pki = new TestPki(_clock);

    public void Dispose()
    {
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void IssueServer_NameAndAddress_MatchesBothAndChains()
    {
        using X509Certificate2 server = _pki.IssueServer("api", ["api.local", "127.0.0.1"]);

        Assert.True(server.MatchesHostname("api.local"));
        Assert.True(server.MatchesHostname("127.0.0.1"));
        Assert.False(server.MatchesHostname("other.local"));
        Assert.True(IsTrusted(server, "1.3.6.1.5.5.7.3.1"));
        Assert.False(IsTrusted(server, "1.3.6.1.5.5.7.3.2"));
    }

    [Fact]
    public void IssueClient_UserAndGroups_AreInTheSubject()
    {
        using X509Certificate2 client = _pki.IssueClient("system:node:a", ["system:nodes"]);

        Assert.Equal("O=system:nodes, CN=system:node:a", client.Subject);
        Assert.True(IsTrusted(client, "1.3.6.1.5.5.7.3.2"));
    }

    [Fact]
    public void IssueClient_ByAnotherAuthorityOfTheSameName_IsNotTrusted()
    {
        using TestPki other = new(_clock);
        using X509Certificate2 client = other.IssueClient("a", []);

        Assert.False(IsTrusted(client, "1.3.6.1.5.5.7.3.2"));
    }

    [Fact]
    public void IssueServer_ValidityInTheClocksPast_IsExpiredByTheClock()
    {
        TestValidity past = new(TimeSpan.FromDays(-2), TimeSpan.FromDays(-1));

        using X509Certificate2 server = _pki.IssueServer("api", ["api.local"], past);

        Assert.Equal(_clock.GetUtcNow().UtcDateTime.AddDays(-1), server.NotAfter.ToUniversalTime());
        Assert.False(IsTrusted(server, "1.3.6.1.5.5.7.3.1"));
    }

    [Fact]
    public void WritePem_ReadBack_IsTheSamePairAndPrivate()
    {
        using X509Certificate2 server = _pki.IssueServer("api", ["api.local"]);
        string path = Path.Combine(_directory.FullName, "api");

        TestPki.WritePem(server, _directory.FullName, "api");

        using X509Certificate2 read = X509Certificate2.CreateFromPemFile(path + ".crt", path + ".key");
        Assert.Equal(server.Thumbprint, read.Thumbprint);
        Assert.True(read.HasPrivateKey);
        Assert.All([path + ".crt", path + ".key"], file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    private bool IsTrusted(X509Certificate2 certificate, string usage)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_pki.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new(usage));
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        return chain.Build(certificate);
    }
}
