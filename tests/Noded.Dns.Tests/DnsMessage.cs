using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Noded.Dns.Tests;

/// <summary>
/// A message as text, section by section, as dig prints it. Written for the tests alone: it shares no code with the
/// server.
/// </summary>
internal sealed class DnsMessage
{
    private static readonly Dictionary<int, string> Types = new()
    {
        [1] = "A",
        [2] = "NS",
        [5] = "CNAME",
        [6] = "SOA",
        [12] = "PTR",
        [15] = "MX",
        [16] = "TXT",
        [28] = "AAAA",
        [33] = "SRV",
        [41] = "OPT",
        [43] = "DS",
        [251] = "IXFR",
        [252] = "AXFR",
        [255] = "ANY",
    };

    private static readonly string[] Codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

    private readonly byte[] _bytes;
    private int _at;

    public DnsMessage(ReadOnlySpan<byte> message)
    {
        _bytes = message.ToArray();
        Id = U16();
        int flags = U16();
        int questions = U16();
        int answers = U16();
        int authority = U16();
        int additional = U16();
        Code = Codes[flags & 15];
        Flags = string.Join(' ', new[]
        {
            (0x8000, "qr"), (0x0400, "aa"), (0x0200, "tc"), (0x0100, "rd"), (0x0080, "ra"), (0x0020, "ad"), (0x0010, "cd"),
        }.Where(flag => (flags & flag.Item1) != 0).Select(flag => flag.Item2));
        Question = questions == 0 ? "" : $"{Name()} {Class(U16(), U16())}";
        Answers = Records(answers);
        Authority = Records(authority);
        Additional = Records(additional);
        Assert.Equal(_bytes.Length, _at);
    }

    public int Id { get; }

    public string Flags { get; }

    public string Code { get; private set; }

    public string Question { get; }

    public IReadOnlyList<string> Answers { get; }

    public IReadOnlyList<string> Authority { get; }

    public IReadOnlyList<string> Additional { get; }

    /// <summary>The payload size of an OPT record; null without one.</summary>
    public int? EdnsSize { get; private set; }

    /// <summary>Code and answers, as a table has them.</summary>
    public override string ToString() =>
        string.Join(" | ", new[] { Code }.Concat(Answers.Order(StringComparer.Ordinal))
            .Concat(Additional.Order(StringComparer.Ordinal).Select(record => "+ " + record))
            .Concat(Authority.Select(record => "- " + record)));

    /// <summary>A query: <c>name. TYPE</c>.</summary>
    public static byte[] Query(
        string name, string type, int? edns = null, ushort id = 0x1234, ushort flags = 0x0100, ushort @class = 1)
    {
        List<byte> query = [.. Of(id), .. Of(flags), 0, 1, 0, 0, 0, 0, 0, (byte)(edns is null ? 0 : 1)];
        query.AddRange(NameOf(name));
        query.AddRange(Of((ushort)Types.First(pair => pair.Value == type).Key));
        query.AddRange(Of(@class));
        if (edns is { } size)
        {
            query.AddRange([0, 0, 41, .. Of((ushort)size), 0, 0, 0, 0, 0, 0]);
        }

        return [.. query];
    }

    /// <summary>An answer to a query, with records in their text: <c>name. TTL TYPE data</c>.</summary>
    public static byte[] Answer(
        ReadOnlySpan<byte> query, string[] answers, string[]? authority = null, int code = 0, ushort flags = 0x8180)
    {
        DnsMessage asked = new(query);
        int question = 12 + NameOf(asked.Question.Split(' ')[0]).Length + 4;
        bool hasEdns = asked.EdnsSize is not null;
        List<byte> answer =
        [
            .. query[..2], .. Of((ushort)(flags | code)), 0, 1, .. Of((ushort)answers.Length),
            .. Of((ushort)(authority?.Length ?? 0)), 0, (byte)(hasEdns ? 1 : 0), .. query[12..question],
        ];
        foreach (string record in answers.Concat(authority ?? []))
        {
            answer.AddRange(RecordOf(record));
        }

        if (hasEdns)
        {
            answer.AddRange([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
        }

        return [.. answer];
    }

    public static byte[] NameOf(string name) =>
        name == "." ? [0]
        : [.. name.TrimEnd('.').Split('.').SelectMany(label => new[] { (byte)label.Length }.Concat(Encoding.ASCII.GetBytes(label))), 0];

    private static byte[] RecordOf(string text)
    {
        string[] parts = text.Split(' ');
        byte[] rdata = parts[2] switch
        {
            "A" or "AAAA" => IPAddress.Parse(parts[3]).GetAddressBytes(),
            "CNAME" => NameOf(parts[3]),
            "TXT" => [(byte)parts[3].Length, .. Encoding.ASCII.GetBytes(parts[3])],
            "SOA" => [.. NameOf("ns.test."), .. NameOf("hostmaster.test."), .. new byte[16], .. Of32(parts[3])],
            _ => throw new ArgumentException(text),
        };
        return
        [
            .. NameOf(parts[0]), .. Of((ushort)Types.First(pair => pair.Value == parts[2]).Key), 0, 1, .. Of32(parts[1]),
            .. Of((ushort)rdata.Length), .. rdata,
        ];
    }

    private static byte[] Of(ushort value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Of32(string value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, uint.Parse(value, CultureInfo.InvariantCulture));
        return bytes;
    }

    private static string Class(int type, int @class) =>
        (@class == 1 ? "" : $"CLASS{@class} ") + Types.GetValueOrDefault(type, $"TYPE{type}");

    private List<string> Records(int count)
    {
        List<string> records = [];
        for (int i = 0; i < count; i++)
        {
            string owner = Name();
            int type = U16();
            int @class = U16();
            uint ttl = ((uint)U16() << 16) | (uint)U16();
            int end = U16() + _at;
            if (type == 41)
            {
                EdnsSize = @class;
                Code = (ttl >> 24) == 0 ? Code : ttl >> 24 == 1 && Code == "NOERROR" ? "BADVERS" : "EXTENDED";
            }
            else
            {
                records.Add($"{owner} {ttl} {Class(type, @class)} {Rdata(type, end)}");
            }

            Assert.Equal(end, type == 41 ? _at = end : _at);
        }

        return records;
    }

    private string Rdata(int type, int end) => type switch
    {
        1 or 28 => new IPAddress(Take(end - _at)).ToString(),
        2 or 5 or 12 => Name(),
        6 => $"{Name()} {Name()} {U32()} {U32()} {U32()} {U32()} {U32()}",
        16 => Encoding.ASCII.GetString(Take(end - _at)[1..]),
        33 => $"{U16()} {U16()} {U16()} {Name()}",
        _ => Convert.ToHexString(Take(end - _at)),
    };

    private string Name()
    {
        StringBuilder text = new();
        int at = _at;
        bool jumped = false;
        for (int jumps = 0; ;)
        {
            int length = _bytes[at++];
            if ((length & 0xc0) == 0xc0)
            {
                int target = ((length & 0x3f) << 8) | _bytes[at++];
                _at = jumped ? _at : at;
                jumped = true;
                at = target;
                Assert.True(++jumps < 64, "pointers go round in circles");
                continue;
            }

            if (length == 0)
            {
                _at = jumped ? _at : at;
                return text.Length == 0 ? "." : text.ToString();
            }

            text.Append(Encoding.ASCII.GetString(_bytes, at, length)).Append('.');
            at += length;
        }
    }

    private byte[] Take(int length)
    {
        _at += length;
        return _bytes[(_at - length).._at];
    }

    private int U16()
    {
        _at += 2;
        return (_bytes[_at - 2] << 8) | _bytes[_at - 1];
    }

    private uint U32() => ((uint)U16() << 16) | (uint)U16();
}
