using System.Buffers.Binary;
using System.Collections.Immutable;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Noded.Kubelet.Tests.Fakes;

/// <summary>A CRI server on a unix socket that answers each method with the bytes it was given; others do not exist.</summary>
internal sealed class ScriptedCri : IAsyncDisposable
{
    private readonly WebApplication _server;
    private ImmutableDictionary<string, byte[]> _answers = ImmutableDictionary<string, byte[]>.Empty;

    private ScriptedCri(string socket)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public static async Task<ScriptedCri> StartAsync(string socket, CancellationToken cancellationToken)
    {
        ScriptedCri cri = new(socket);
        await cri._server.StartAsync(cancellationToken);
        return cri;
    }

    /// <param name="method">For example <c>ListContainers</c>.</param>
    public void Answer(string method, IMessage answer) => Answer(method, answer.ToByteArray());

    /// <summary>Answers with bytes that need not be a message.</summary>
    public void Answer(string method, byte[] answer) =>
        ImmutableInterlocked.AddOrUpdate(ref _answers, method, answer, (_, _) => answer);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        string method = context.Request.Path.Value!.Split('/')[^1];
        if (!_answers.TryGetValue(method, out byte[]? answer))
        {
            context.Response.AppendTrailer("grpc-status", "12");
            return;
        }

        byte[] frame = new byte[5 + answer.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), answer.Length);
        answer.CopyTo(frame, 5);
        await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
