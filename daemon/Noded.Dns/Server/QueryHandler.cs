using System.Buffers;
using System.Buffers.Binary;
using Noded.Dns.Forwarding;
using Noded.Dns.Wire;

namespace Noded.Dns.Server;

/// <summary>
/// What every query goes through, whatever it came by: our zones, then the cache, both on the thread that received it;
/// then the upstream resolvers.
/// </summary>
internal sealed class QueryHandler(
    ClusterAnswers cluster, ResponseCache cache, Forwarder forwarder, DnsMetrics metrics, TimeProvider clock)
{
    /// <summary>Answers from memory.</summary>
    /// <param name="response">Where the answer goes; as long as the transport allows.</param>
    public AnswerStatus TryAnswer(ReadOnlySpan<byte> message, Span<byte> response, DnsTransport transport, out int length)
    {
        long start = clock.GetTimestamp();
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        QueryError error = DnsQuery.Read(message, buffer, out DnsQuery query);
        AnswerStatus status = cluster.TryAnswer(
            query, error, response, LimitOf(query, transport), out length, out bool isOurs);
        if (status == AnswerStatus.Elsewhere && !isOurs && TryAnswerFromCache(query, response, transport, out length))
        {
            status = AnswerStatus.Answered;
        }

        if (status == AnswerStatus.Answered)
        {
            metrics.Count(isOurs, transport, query.Type, CodeOf(response), clock.GetElapsedTime(start));
        }

        return status;
    }

    /// <summary>Answers by asking elsewhere, in bounded time.</summary>
    /// <returns>The answer's length.</returns>
    public async Task<int> ResolveAsync(
        ReadOnlyMemory<byte> message, Memory<byte> response, DnsTransport transport, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        if (!forwarder.TryEnter())
        {
            return Refuse(message.Span, response.Span, transport);
        }

        try
        {
            (UpstreamQuestion? question, byte[] key, bool isOurs) = Prepare(message.Span);
            UpstreamResponse? answer = cache.TryGet(key, out TimeSpan age);
            if (answer is null && question is not null)
            {
                age = TimeSpan.Zero;
                answer = await forwarder.AskAsync(question, cancellationToken);
                if (answer is not null)
                {
                    cache.Add(key, answer);
                }
            }

            int length = Write(message.Span, response.Span, transport, answer, age, question);
            metrics.Count(isOurs, transport, TypeOf(question), CodeOf(response.Span), clock.GetElapsedTime(start));
            return length;
        }
        finally
        {
            forwarder.Leave();
        }
    }

    private static int LimitOf(in DnsQuery query, DnsTransport transport) =>
        transport.IsTcp ? DnsHeader.MaxMessageLength : Math.Min(query.UdpSize, DnsHeader.UdpSize);

    private static ResponseCode CodeOf(ReadOnlySpan<byte> response) =>
        (ResponseCode)(response[DnsHeader.FlagsOffset + 1] & DnsHeader.CodeMask);

    private static RecordType TypeOf(UpstreamQuestion? question) =>
        question is null ? 0 : (RecordType)BinaryPrimitives.ReadUInt16BigEndian(question.Question.AsSpan(^4));

    private bool TryAnswerFromCache(in DnsQuery query, Span<byte> response, DnsTransport transport, out int length)
    {
        Span<byte> key = stackalloc byte[UpstreamQuestion.MaxKeyLength];
        key = key[..UpstreamQuestion.WriteKey(query.Name, query.Type, query.Flags, query.IsDnssecOk, key)];
        if (cache.TryGet(key, out TimeSpan age) is not { } cached)
        {
            length = 0;
            metrics.CacheMisses.Inc();
            return false;
        }

        length = cached.Write(query, age, response, LimitOf(query, transport));
        metrics.CacheHits.WithLabels(cached.IsNegative ? "denial" : "success").Inc();
        return true;
    }

    /// <summary>Whom to ask for: the query's name, or the one outside that its alias in our zones leads to.</summary>
    private (UpstreamQuestion? Question, byte[] Key, bool IsOurs) Prepare(ReadOnlySpan<byte> message)
    {
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        _ = DnsQuery.Read(message, buffer, out DnsQuery query);
        byte[] scratch = ArrayPool<byte>.Shared.Rent(DnsHeader.MaxMessageLength);
        try
        {
            ResponseWriter writer = new(query, scratch, DnsHeader.MaxMessageLength, isAuthoritative: true);
            byte[]? outside = cluster.WriteAliases(query, ref writer);
            UpstreamQuestion question = outside is null ? UpstreamQuestion.Of(query) : UpstreamQuestion.Of(query, outside);
            return cluster.IsOurs(query) && outside is null
                ? (null, [], true)
                : (question, KeyOf(question, query), outside is not null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private static byte[] KeyOf(UpstreamQuestion question, in DnsQuery query)
    {
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        _ = DnsQuery.TryReadName(question.Question, query.Type, buffer, out DnsQuery named);
        Span<byte> key = stackalloc byte[UpstreamQuestion.MaxKeyLength];
        return key[..UpstreamQuestion.WriteKey(named.Name, query.Type, query.Flags, query.IsDnssecOk, key)].ToArray();
    }

    private int Write(
        ReadOnlySpan<byte> message,
        Span<byte> response,
        DnsTransport transport,
        UpstreamResponse? answer,
        TimeSpan age,
        UpstreamQuestion? asked)
    {
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        _ = DnsQuery.Read(message, buffer, out DnsQuery query);
        int limit = LimitOf(query, transport);
        if (answer is null)
        {
            return new ResponseWriter(query, response, limit, isAuthoritative: false).Finish(ResponseCode.ServFail);
        }

        if (!cluster.IsOurs(query))
        {
            return answer.Write(query, age, response, limit);
        }

        ResponseWriter writer = new(query, response, limit, isAuthoritative: true);

        // A Service that has changed while we asked gets no answer that is half the old and half the new.
        if (cluster.WriteAliases(query, ref writer) is not { } outside
            || asked is null || !asked.Question.AsSpan().StartsWith(outside)
            || answer.Code is not ResponseCode.NoError and not ResponseCode.NxDomain)
        {
            return new ResponseWriter(query, response, limit, isAuthoritative: false).Finish(ResponseCode.ServFail);
        }

        answer.AddAnswersTo(ref writer);
        return writer.Finish(ResponseCode.NoError);
    }

    private int Refuse(ReadOnlySpan<byte> message, Span<byte> response, DnsTransport transport)
    {
        Span<byte> buffer = stackalloc byte[DnsQuery.BufferLength];
        _ = DnsQuery.Read(message, buffer, out DnsQuery query);
        metrics.Count(cluster.IsOurs(query), transport, query.Type, ResponseCode.Refused, TimeSpan.Zero);
        return new ResponseWriter(query, response, LimitOf(query, transport), isAuthoritative: false)
            .Finish(ResponseCode.Refused);
    }
}
