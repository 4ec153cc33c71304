using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Noded.Testing;

namespace Noded.E2E.Tests;

/// <summary>The published binary as <c>kube-apiserver</c>: upstream's flags, the embedded store, stock kubectl.</summary>
[Trait("Category", "E2E")]
public sealed class ApiServerTests : IDisposable
{
    private const int Sigkill = 9;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-api-");
    private readonly TestPki _pki = new(TimeProvider.System);

    private static string Kubectl => Path.Combine(RepositoryRoot.Find(), "artifacts/debian/usr/bin/kubectl");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task KubeApiserver_KilledAndBack_HasWhatKubectlMade()
    {
        Assert.SkipUnless(File.Exists(Kubectl), "kubectl is not unpacked: make debian-packages");
        string program = Path.Combine(_directory.FullName, "kube-apiserver");
        File.CreateSymbolicLink(program, PublishedBinary.Path);
        using X509Certificate2 server = _pki.IssueServer("kube-apiserver", ["127.0.0.1"]);
        using X509Certificate2 admin = _pki.IssueClient("admin", ["system:masters"]);
        using ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestPki.WritePem(server, _directory.FullName, "server");
        TestPki.WritePem(admin, _directory.FullName, "admin");
        await File.WriteAllTextAsync(At("ca.crt"), _pki.Authority.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(At("sa.key"), signing.ExportPkcs8PrivateKeyPem(), Token);

        await using (ChildProcess first = Start(program))
        {
            string address = await AddressAsync(first);
            Assert.Contains("namespace/shop created", (await KubectlAsync(address, "create", "namespace", "shop")).Output, StringComparison.Ordinal);
            await first.SignalAsync(Sigkill, Token);
            await first.WaitForExitAsync(Token);
        }

        await using ChildProcess second = Start(program);
        ProgramResult listed = await KubectlAsync(await AddressAsync(second), "get", "namespaces", "-o", "name");
        Assert.Contains("namespace/shop", listed.Output, StringComparison.Ordinal);
        Assert.Contains("namespace/kube-system", listed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KubeApiserver_KeyOfTheWrongKind_SaysWhichFile()
    {
        await File.WriteAllTextAsync(At("server.crt"), "no certificate", Token);
        await File.WriteAllTextAsync(At("server.key"), "no key", Token);

        ProgramResult result = await ChildProcess.RunAsync(
            PublishedBinary.Path,
            ["apiserver", .. Flags()],
            Token);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"read the certificate {At("server.crt")} with the key {At("server.key")}: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--authorization-mode=AlwaysAllow", "--authorization-mode=AlwaysAllow: the server authorizes by Node,RBAC, and by nothing else.")]
    [InlineData("--authorization-mode=RBAC", "--authorization-mode=RBAC: the server authorizes by Node,RBAC")]
    [InlineData("--enable-admission-plugins=NodeRestriction,PodSecurity", "there is no PodSecurity here")]
    [InlineData("--disable-admission-plugins=ServiceAccount", "no plugin can be left out")]
    [InlineData("--allow-privileged=false", "privileged pods are always allowed")]
    [InlineData("--audit-log-path=/var/log/audit", "--audit-log-path")]
    [InlineData("--request-timeout=soon", "--request-timeout soon: needs a duration")]
    public async Task KubeApiserver_FlagThatPromisesWhatIsNotThere_IsRefused(string flag, string message)
    {
        ProgramResult result = await ChildProcess.RunAsync(
            PublishedBinary.Path, ["apiserver", .. Flags().Where(other => other.Split('=')[0] != flag.Split('=')[0]), flag], Token);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private ChildProcess Start(string program) => ChildProcess.Start(program, Flags());

    private string[] Flags() =>
    [
        $"--tls-cert-file={At("server.crt")}", $"--tls-private-key-file={At("server.key")}", $"--client-ca-file={At("ca.crt")}",
        $"--service-account-signing-key-file={At("sa.key")}", "--bind-address=127.0.0.1", "--secure-port=0",
        $"--datastore-file={At("store/store.db")}", "--authorization-mode=Node,RBAC", "--allow-privileged=true",
    ];

    private static async Task<string> AddressAsync(ChildProcess server)
    {
        const string Announcement = "Serving on ";
        while (await server.Output.ReadOrEndAsync(Token) is { } line)
        {
            int start = line.IndexOf(Announcement, StringComparison.Ordinal);
            if (start >= 0)
            {
                return line[(start + Announcement.Length)..].Trim();
            }
        }

        throw new IOException($"The API server ended: {string.Join('\n', await server.Errors.ReadToEndAsync(Token))}");
    }

    private Task<ProgramResult> KubectlAsync(string address, params string[] words) => ChildProcess.RunAsync(
        Kubectl,
        [
            $"--server={address}", $"--certificate-authority={At("ca.crt")}", $"--client-certificate={At("admin.crt")}",
            $"--client-key={At("admin.key")}", $"--cache-dir={At("cache")}", .. words,
        ],
        Token);

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
