using System.Text;
using Noded.Kubelet.Probes;

namespace Noded.Kubelet.Tests.Probes;

public sealed class HttpResponseHeadTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5L, false, null, 38)]
    [InlineData("HTTP/1.0 404 Not Found\r\n\r\n", 404, null, false, null, 26)]
    [InlineData("HTTP/1.1 204\r\n\r\n", 204, null, false, null, 16)]
    [InlineData("HTTP/1.1 302 Found\nlocation:  /there \n\n", 302, null, false, "/there", 39)]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nContent-Length: 3\r\n\r\n", 200, null, true, null, 66)]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n", 200, 1L, false, null, 67)]
    public void TryParse_Response_HasWhatMatters(
        string text, int statusCode, long? contentLength, bool isChunked, string? location, int expectedLength)
    {
        HttpResponseHead? head = HttpResponseHead.TryParse(Encoding.Latin1.GetBytes(text), out int length);

        Assert.Equal(new HttpResponseHead(statusCode, location, contentLength, isChunked), head);
        Assert.Equal(expectedLength, length);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed HTTP response")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", "malformed HTTP version")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n", "malformed HTTP status code")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n", "malformed HTTP status code")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed MIME header line")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "bad Content-Length")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "unsupported transfer encoding")]
    public void TryParse_NoResponse_SaysWhy(string text, string reason)
    {
        FormatException e = Assert.Throws<FormatException>(
            () => HttpResponseHead.TryParse(Encoding.Latin1.GetBytes(text), out _));

        Assert.StartsWith(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_HeadWithoutEnd_IsRefusedAtTheLimitAndNotBefore()
    {
        byte[] head = Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\nA: " + new string('a', HttpResponseHead.MaxBytes));

        Assert.Null(HttpResponseHead.TryParse(head.AsSpan(0, HttpResponseHead.MaxBytes - 1), out _));
        Assert.Throws<FormatException>(() => HttpResponseHead.TryParse(head.AsSpan(0, HttpResponseHead.MaxBytes), out _));
    }

    [Fact]
    public void TryParse_EveryPrefixOfAHead_WaitsForTheRest()
    {
        byte[] head = Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n");

        for (int length = 0; length < head.Length; length++)
        {
            Assert.Null(HttpResponseHead.TryParse(head.AsSpan(0, length), out _));
        }

        Assert.NotNull(HttpResponseHead.TryParse(head, out _));
    }

    [Fact]
    public void TryParse_DamagedHeads_EndInAnAnswerOrAFormatException()
    {
        Random random = new(1);
        byte[][] seeds =
        [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray(),
            "HTTP/1.1 302 Found\r\nLocation: http://[::1]:80/a\r\n\r\n"u8.ToArray(),
            "HTTP/1.0 503 Service Unavailable\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n"u8.ToArray(),
        ];
        int answers = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] damaged = Damage(random, seeds[random.Next(seeds.Length)]);
            try
            {
                HttpResponseHead? head = HttpResponseHead.TryParse(damaged, out int length);
                Assert.InRange(length, head is null ? -1 : 1, damaged.Length);
                answers += head is null ? 0 : 1;
            }
            catch (FormatException)
            {
                // What a damaged head may end in.
            }
        }

        Assert.InRange(answers, 1000, 199_000);
    }

    [Fact]
    public void Add_ChunksInAnyPieces_GiveTheirContents()
    {
        Random random = new(2);
        for (int round = 0; round < 2000; round++)
        {
            byte[] content = new byte[random.Next(200)];
            random.NextBytes(content);
            byte[] wire = ToChunks(random, content);
            ChunkedBody body = new(1024);
            for (int at = 0; at < wire.Length && !body.IsOver;)
            {
                int piece = Math.Min(random.Next(1, 20), wire.Length - at);
                body.Add(wire.AsSpan(at, piece));
                at += piece;
            }

            Assert.True(body.IsOver);
            Assert.Equal(content, body.Content);
        }
    }

    [Fact]
    public void Add_DamagedChunks_StayWithinTheLimit()
    {
        Random random = new(3);
        for (int i = 0; i < 100_000; i++)
        {
            ChunkedBody body = new(16);
            try
            {
                body.Add(Damage(random, "5;a=b\r\nhello\r\nFFFFFFFFFFFF\r\nmuch more than is wanted\r\n0\r\n\r\n"u8.ToArray()));
            }
            catch (FormatException)
            {
                // What damaged chunks may end in.
            }

            Assert.InRange(body.Content.Length, 0, 16);
        }
    }

    private static byte[] ToChunks(Random random, byte[] content)
    {
        List<byte> wire = [];
        for (int at = 0; at < content.Length;)
        {
            int size = Math.Min(random.Next(1, 50), content.Length - at);
            wire.AddRange(Encoding.ASCII.GetBytes(random.Next(2) == 0 ? $"{size:x}\r\n" : $"{size:X}; name=value\r\n"));
            wire.AddRange(content.AsSpan(at, size));
            wire.AddRange("\r\n"u8);
            at += size;
        }

        wire.AddRange("0\r\n\r\n"u8);
        return [.. wire];
    }

    private static byte[] Damage(Random random, byte[] seed)
    {
        byte[] damaged = [.. seed];
        for (int i = random.Next(4); i > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : "\r\n :0;9"u8[random.Next(7)];
        }

        return damaged[..random.Next(random.Next(2) == 0 ? 1 : damaged.Length, damaged.Length + 1)];
    }
}
