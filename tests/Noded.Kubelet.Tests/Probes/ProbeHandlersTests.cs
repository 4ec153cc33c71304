using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Noded.Kubelet.Probes;
using Noded.Kubelet.Runtime;
using Noded.Kubelet.Tests.Fakes;
using Noded.Kubelet.Tests.Pods;
using Noded.Protocols.Grpc.Health.V1;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Probes;

/// <summary>Each kind of handler against a server on loopback, or the fake runtime.</summary>
public sealed class ProbeHandlersTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "Success", "")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil the end", "Success", "")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", "Success", "")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Success", "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "Success", "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", "Warning", "Probe terminated redirects, Response body: ")]
    [InlineData(
        "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 4\r\n\r\naway", "Warning",
        "Probe terminated redirects, Response body: away")]
    [InlineData("HTTP/1.1 399 Odd\r\nContent-Length: 0\r\n\r\n", "Warning", "Probe terminated redirects, Response body: ")]
    [InlineData("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", "Failure", "HTTP probe failed with statuscode: 400")]
    [InlineData("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbody", "Failure", "HTTP probe failed with statuscode: 503")]
    [InlineData("", "Failure", "Get \"http://127.0.0.1:PORT/x\": EOF")]
    [InlineData("HTTP/1.1 2", "Failure", "Get \"http://127.0.0.1:PORT/x\": unexpected EOF")]
    [InlineData("no HTTP\r\n\r\n", "Failure", "Get \"http://127.0.0.1:PORT/x\": malformed HTTP version \"no\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "Error", "unexpected EOF")]
    public async Task Http_Answer_GivesUpstreamsVerdict(string answer, string verdict, string output)
    {
        await using ProbeServer server = new(_ => answer);

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port));

        Assert.Equal(
            (verdict, output.Replace("PORT", $"{server.Port}", StringComparison.Ordinal)),
            (outcome.Verdict.ToString(), outcome.Output));
    }

    [Fact]
    public async Task Http_BodyWithoutEnd_IsReadToTheCap()
    {
        await using ProbeServer server = new(_ => "HTTP/1.1 200 OK\r\n\r\n" + new string('x', 1 << 20));

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port));

        Assert.Equal(ProbeVerdict.Success, outcome.Verdict);
    }

    [Fact]
    public async Task Http_RedirectsOnTheSameHost_AreFollowed()
    {
        await using ProbeServer server = new(head => head.StartsWith("GET /x ", StringComparison.Ordinal)
            ? "HTTP/1.1 301 Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"
            : "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port));

        Assert.Equal(ProbeOutcome.Failure("HTTP probe failed with statuscode: 500"), outcome);
    }

    [Fact]
    public async Task Http_RedirectsInACircle_EndAfterTen()
    {
        int requests = 0;
        await using ProbeServer server = new(_ =>
        {
            Interlocked.Increment(ref requests);
            return "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
        });

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port));

        Assert.Equal(
            (ProbeOutcome.Failure($"Get \"http://127.0.0.1:{server.Port}/x\": stopped after 10 redirects"), 10),
            (outcome, requests));
    }

    [Fact]
    public async Task Http_OverTls_AsksWithoutVerifying()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=somebody-else", key, HashAlgorithmName.SHA256);
        using X509Certificate2 expired = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        await using ProbeServer server = new(_ => Ok, expired);

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port, get => get.Scheme = "HTTPS"));

        Assert.Equal(ProbeOutcome.Success(string.Empty), outcome);
    }

    [Fact]
    public async Task Http_TlsWhereThereIsNone_Fails()
    {
        await using ProbeServer server = new(_ => Ok);

        ProbeOutcome outcome = await ProbeAsync(Http(server.Port, get => get.Scheme = "HTTPS", timeout: 1));

        Assert.Equal(ProbeVerdict.Failure, outcome.Verdict);
    }

    [Theory]
    [InlineData("http", "Get \"http://127.0.0.1:PORT/x\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    [InlineData("grpc", "timeout: health rpc did not complete within 1s")]
    public async Task Server_ThatSaysNothing_FailsInTime(string kind, string output)
    {
        await using ProbeServer server = new(_ => null);
        V1Probe probe = kind == "http" ? Http(server.Port, timeout: 1) : Grpc(server.Port, timeout: 1);

        ProbeOutcome outcome = await ProbeAsync(probe);

        Assert.Equal(ProbeOutcome.Failure(output.Replace("PORT", $"{server.Port}", StringComparison.Ordinal)), outcome);
    }

    [Fact]
    public async Task Server_ThatSaysNothing_IsLeftAtOnceWhenTheWorkerStops()
    {
        using CancellationTokenSource stop = new();
        await using ProbeServer server = new(_ =>
        {
            stop.Cancel();
            return null;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ProbeAsync(Http(server.Port, timeout: 3600), cancellationToken: stop.Token));
    }

    [Fact]
    public async Task Tcp_PortThatAccepts_Succeeds()
    {
        await using ProbeServer server = new(_ => Ok);

        ProbeOutcome outcome = await ProbeAsync(Tcp(server.Port));

        Assert.Equal(ProbeOutcome.Success(string.Empty), outcome);
    }

    [Theory]
    [InlineData("tcp", "dial tcp 127.0.0.1:PORT: connect: connection refused")]
    [InlineData("http", "Get \"http://127.0.0.1:PORT/x\": dial tcp 127.0.0.1:PORT: connect: connection refused")]
    [InlineData(
        "grpc", "error: failed to connect service at \"127.0.0.1:PORT\": dial tcp 127.0.0.1:PORT: connect: connection refused")]
    public async Task Port_WhereNobodyListens_Fails(string kind, string output)
    {
        int port;
        await using (ProbeServer server = new(_ => Ok))
        {
            port = server.Port;
        }

        ProbeOutcome outcome = await ProbeAsync(kind == "tcp" ? Tcp(port) : kind == "http" ? Http(port) : Grpc(port));

        Assert.Equal(ProbeOutcome.Failure(output.Replace("PORT", $"{port}", StringComparison.Ordinal)), outcome);
    }

    [Theory]
    [InlineData("", "Success", "service healthy")]
    [InlineData("down", "Failure", "service unhealthy (responded with \"NOT_SERVING\")")]
    [InlineData("unknown", "Failure", "service unhealthy (responded with \"UNKNOWN\")")]
    [InlineData("missing", "Failure", "error: health rpc probe failed: rpc error: code = NotFound desc = no such service")]
    [InlineData(
        "unimplemented", "Failure",
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): not here")]
    public async Task Grpc_Answer_GivesUpstreamsVerdict(string service, string verdict, string output)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using WebApplication server = builder.Build();
        server.Run(AnswerHealthAsync);
        await server.StartAsync(Token);
        int port = new Uri(server.Urls.Single()).Port;

        ProbeOutcome outcome = await ProbeAsync(Grpc(port, service));

        Assert.Equal($"{verdict} {output}", $"{outcome.Verdict} {outcome.Output}");
    }

    [Theory]
    [InlineData(0, "Success", "out err")]
    [InlineData(1, "Failure", "out err")]
    public async Task Exec_ExitCode_GivesTheVerdict(int code, string verdict, string output)
    {
        ImmutableArray<string> ran = [];
        FakeRuntimeService runtime = new(new TestClock())
        {
            OnExec = (_, command) =>
            {
                ran = command;
                return new ExecResult(code, "out "u8.ToArray(), "err"u8.ToArray());
            },
        };

        ProbeOutcome outcome = await ProbeAsync(Exec("test", "$(FILE)", "$(NONE)"), runtime);

        Assert.Equal((verdict, output), (outcome.Verdict.ToString(), outcome.Output));
        Assert.Equal(["test", "/ready", "$(NONE)"], ran);
    }

    [Fact]
    public async Task Exec_ThatTakesTooLong_Fails()
    {
        FakeRuntimeService runtime = new(new TestClock()) { OnExec = (_, _) => null };

        ProbeOutcome outcome = await ProbeAsync(Exec("sleep", "9"), runtime);

        Assert.Equal(ProbeOutcome.Failure("command timed out: \"sleep 9\" timed out after 5s"), outcome);
    }

    [Fact]
    public async Task Exec_ThatTheRuntimeRefuses_IsAnError()
    {
        FakeRuntimeService runtime = new(new TestClock())
        {
            OnExec = (_, _) => throw new RuntimeCallException("exec_sync", "app", StatusCode.Unknown, "no such file"),
        };

        ProbeOutcome outcome = await ProbeAsync(Exec("missing"), runtime);

        Assert.Equal(ProbeOutcome.Error("exec_sync app: Unknown: no such file"), outcome);
    }

    [Fact]
    public async Task Exec_MuchOutput_IsCutOff()
    {
        FakeRuntimeService runtime = new(new TestClock())
        {
            OnExec = (_, _) => new ExecResult(1, new byte[9000], new byte[9000]),
        };

        ProbeOutcome outcome = await ProbeAsync(Exec("chatty"), runtime);

        Assert.Equal(10 * 1024, outcome.Output.Length);
    }

    private static async Task<ProbeOutcome> ProbeAsync(
        V1Probe probe, FakeRuntimeService? runtime = null, CancellationToken? cancellationToken = null)
    {
        runtime ??= new FakeRuntimeService(new TestClock());
        ContainerId container = await StartAsync(runtime);
        V1Container spec = SamplePods.AContainer("app");
        spec.Env = [new V1EnvVar { Name = "FILE", Value = "/ready" }];
        ProbeTarget target = new(
            SamplePods.APod(), spec, container, DateTimeOffset.UnixEpoch, "127.0.0.1", IsStarted: true);
        return await new ProbeHandlers(runtime, TimeProvider.System).ProbeAsync(target, probe, cancellationToken ?? Token);
    }

    private static async Task<ContainerId> StartAsync(FakeRuntimeService runtime)
    {
        PodSandboxSpec sandbox = new(SamplePods.APod(), 0, string.Empty, string.Empty, string.Empty);
        PodSandboxId id = await runtime.RunPodSandboxAsync(sandbox, Token);
        ContainerSpec spec = new(SamplePods.AContainer("app"), 0, "image", "hash", [], [], [], "app/0.log");
        ContainerId container = await runtime.CreateContainerAsync(id, sandbox, spec, Token);
        await runtime.StartContainerAsync(container, Token);
        return container;
    }

    private static async Task AnswerHealthAsync(HttpContext context)
    {
        if (!context.Request.Headers.UserAgent.ToString().Contains("kube-probe/1.36", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 400;
            return;
        }

        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, Token);
        string service = HealthCheckRequest.Parser.ParseFrom(body.ToArray().AsSpan(5)).Service;
        context.Response.ContentType = "application/grpc";
        if (service is "" or "down" or "unknown")
        {
            byte status = service switch { "" => 1, "down" => 2, _ => 0 };
            await context.Response.Body.WriteAsync(
                status == 0 ? new byte[5] : [0, 0, 0, 0, 2, 8, status], Token);
            context.Response.AppendTrailer("grpc-status", "0");
            return;
        }

        context.Response.AppendTrailer("grpc-status", service == "missing" ? "5" : "12");
        context.Response.AppendTrailer("grpc-message", service == "missing" ? "no such service" : "not here");
    }

    private static V1Probe Http(int port, Action<V1HTTPGetAction>? change = null, int timeout = 5)
    {
        V1HTTPGetAction get = new() { Path = "/x", Port = Text(port) };
        change?.Invoke(get);
        return new V1Probe { HttpGet = get, TimeoutSeconds = timeout };
    }

    private static V1Probe Tcp(int port) =>
        new() { TcpSocket = new V1TCPSocketAction { Port = Text(port) }, TimeoutSeconds = 5 };

    private static V1Probe Grpc(int port, string service = "", int timeout = 5) =>
        new() { Grpc = new V1GRPCAction { Port = port, Service = service }, TimeoutSeconds = timeout };

    private static V1Probe Exec(params string[] command) =>
        new() { Exec = new V1ExecAction { Command = command }, TimeoutSeconds = 5 };

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
