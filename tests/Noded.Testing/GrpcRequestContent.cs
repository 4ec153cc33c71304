using System.IO.Pipelines;
using System.Net;

namespace Noded.Testing;

/// <summary>A request body that flows on as it arrives, for as long as the client keeps it open.</summary>
internal sealed class GrpcRequestContent(PipeReader body, GrpcCall call) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await body.ReadAsync(cancellationToken);

            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                call.Record(part.Span);
                await stream.WriteAsync(part, cancellationToken);
            }

            body.AdvanceTo(read.Buffer.End);

            if (read.IsCompleted)
            {
                return;
            }

            // The server may answer this message before the next is written.
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
