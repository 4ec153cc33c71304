using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Noded.Oci;
using Noded.Testing;

namespace Noded.E2E.Tests.Registry;

/// <summary>
/// Debian's docker-registry in a node's sandbox, for one user with a password. The node's runtime reaches it as
/// <see cref="Host"/>, and as <see cref="SlowHost"/> by a link that the test can hold up; the test itself by a socket.
/// </summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    internal const string Host = "registry.test";
    internal const string SlowHost = "slow.test";

    private const string User = "noded";
    private const string Password = "geheim";

    /// <summary>The password as the registry wants it: by bcrypt, at its lowest cost.</summary>
    private const string PasswordHash = "$2b$04$FuVeQtNLLO9m/Q2HV7KESe0XjuppiyVDivhvd2/GkxH1a2IL1dttu";

    private readonly TestNode _node;
    private readonly string _directory;
    private readonly SlowLink _slow;
    private readonly HttpClient _http;
    private readonly List<ChildProcess> _processes = [];

    private TestRegistry(TestNode node)
    {
        _node = node;
        _directory = node.Paths.Under("registry");
        Directory.CreateDirectory(_directory);
        _slow = new SlowLink(SlowSocket, Socket);
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, token) => ConnectAsync(token) })
        {
            BaseAddress = new Uri("http://registry"),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Credentials(Password));
    }

    /// <summary>The way of <see cref="SlowHost"/>.</summary>
    internal SlowLink Slow => _slow;

    private string Socket => Path.Combine(_directory, "http.sock");

    private string SlowSocket => Path.Combine(_directory, "slow.sock");

    internal static async Task<TestRegistry> StartAsync(TestNode node, CancellationToken cancellationToken)
    {
        Requires.Program("docker-registry", "socat");
        TestRegistry registry = new(node);
        await registry.ServeAsync(cancellationToken);
        await registry.OpenAsync(Host, 5000, registry.Socket, cancellationToken);
        await registry.OpenAsync(SlowHost, 5001, registry.SlowSocket, cancellationToken);
        return registry;
    }

    /// <summary>Builds an image of the test program and of bytes that do not compress, and stores it.</summary>
    internal async Task<OciImage> PushAsync(string repository, int size, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[size];
        new Random(repository.Sum(letter => letter)).NextBytes(bytes);
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        ImageRecipe recipe = new()
        {
            Reference = ImageReference.Parse($"{Host}/{repository}:1"),
            Config = new ImageConfig { Entrypoint = ["/testimage"], Command = ["sleep", "3600"] },

            // In one layer: two images that shared one would wait for one another.
            Layers =
            [
                [
                    new LayerEntry.HostFile("/testimage", Path.Combine(RepositoryRoot.Find(), "artifacts/images/testimage")) { Mode = mode },
                    new LayerEntry.InlineFile("/bytes", bytes) { Mode = mode },
                ],
            ],
        };
        OciImage image = ImageBuilder.Build(recipe, new BlobDirectory(Path.Combine(_directory, "built")), cancellationToken);
        foreach (Descriptor blob in image.Layers.Append(image.Config))
        {
            await UploadAsync(repository, image, blob, cancellationToken);
        }

        using StreamContent manifest = new(image.Open(image.Manifest));
        manifest.Headers.ContentType = new MediaTypeHeaderValue(image.Manifest.MediaType);
        using HttpResponseMessage stored = await _http.PutAsync($"/v2/{repository}/manifests/1", manifest, cancellationToken);
        stored.EnsureSuccessStatusCode();
        return image;
    }

    /// <summary>Gives the node credentials for both hosts, in Docker's format.</summary>
    internal void Admit(string password = Password)
    {
        Directory.CreateDirectory(_node.Paths.Kubelet);
        File.WriteAllText(
            Path.Combine(_node.Paths.Kubelet, "config.json"),
            $$"""{"auths": {"{{Host}}": {"auth": "{{Credentials(password)}}"}, "{{SlowHost}}": {"auth": "{{Credentials(password)}}"} } }""");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
        await _slow.DisposeAsync();
    }

    private static string Credentials(string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{password}"));

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        string users = Path.Combine(_directory, "users");
        string config = Path.Combine(_directory, "config.yml");
        await File.WriteAllTextAsync(users, $"{User}:{PasswordHash}\n", cancellationToken);
        await File.WriteAllTextAsync(
            config,
            $$"""
            version: 0.1
            storage: {filesystem: {rootdirectory: {{_directory}}/storage} }
            http: {net: unix, addr: {{Socket}}, secret: test}
            auth: {htpasswd: {realm: test, path: {{users}} } }
            """,
            cancellationToken);
        await StartAsync("docker-registry", ["serve", config], cancellationToken);
    }

    private async Task StartAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        ChildProcess server = await _node.Sandbox.StartAsync(program, arguments, cancellationToken);
        _processes.Add(server);
        await server.Errors.WaitForLineAsync("listening on", cancellationToken);
    }

    /// <summary>Makes a socket a port of the sandbox's loopback, and tells the runtime that a registry is there.</summary>
    private async Task OpenAsync(string host, int port, string socket, CancellationToken cancellationToken)
    {
        await StartAsync(
            "socat", ["-d", "-d", $"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", $"UNIX-CONNECT:{socket}"], cancellationToken);
        string directory = Path.Combine(_node.Paths.Registries, host);
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "hosts.toml"),
            $"""
            [host."http://127.0.0.1:{port}"]
            capabilities = ["pull", "resolve"]
            """,
            cancellationToken);
    }

    private async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        System.Net.Sockets.Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task UploadAsync(string repository, OciImage image, Descriptor blob, CancellationToken cancellationToken)
    {
        using HttpResponseMessage begun = await _http.PostAsync($"/v2/{repository}/blobs/uploads/", null, cancellationToken);
        begun.EnsureSuccessStatusCode();
        using StreamContent content = new(image.Open(blob));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using HttpResponseMessage stored = await _http.PutAsync(
            $"{begun.Headers.Location}&digest={Uri.EscapeDataString(blob.Digest.ToString())}", content, cancellationToken);
        stored.EnsureSuccessStatusCode();
    }
}
