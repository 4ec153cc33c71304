using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Noded.Testing;

namespace Noded.Benchmarks.Proxy;

/// <summary>
/// A node with an uplink and a link to an endpoint, whose other ends are a sandbox that drops what arrives: frames are
/// received at the uplink without anybody's sending them.
/// </summary>
internal sealed class NodePortNode : IAsyncDisposable
{
    internal const string Uplink = "up0";
    internal const string PodLink = "pod0";
    internal const ushort NodePort = 30080;

    /// <summary>The shortest that Ethernet has, without its sum.</summary>
    internal const int FrameLength = 60;

    internal static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    internal static readonly IPEndPoint Endpoint = IPEndPoint.Parse("10.200.0.2:8080");

    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.2");

    private readonly NodeSandbox _outside;
    private readonly ChildProcess _agent;
    private readonly string _frame;

    private NodePortNode(NodeSandbox sandbox, NodeSandbox outside, ChildProcess agent, string frame) =>
        (Sandbox, _outside, _agent, _frame) = (sandbox, outside, agent, frame);

    internal NodeSandbox Sandbox { get; }

    /// <param name="source">Where the source's program is pinned: the uplink must have one.</param>
    internal static async Task<NodePortNode> CreateAsync(string source, CancellationToken cancellationToken)
    {
        NodeSandbox sandbox = await NodeSandbox.CreateAsync(cancellationToken);
        NodeSandbox outside = await NodeSandbox.CreateAsync(cancellationToken);
        await NodeSandbox.LinkAsync(
            new SandboxLinkEnd(sandbox, Uplink, $"{Address}/24"), new SandboxLinkEnd(outside, "up1", $"{Client}/24"), cancellationToken);
        await NodeSandbox.LinkAsync(
            new SandboxLinkEnd(sandbox, PodLink, "10.200.0.1/24"),
            new SandboxLinkEnd(outside, "pod1", $"{Endpoint.Address}/24"),
            cancellationToken);
        await RunAsync(sandbox, "sysctl", "-qw", "net.ipv4.ip_forward=1");
        await RunAsync(sandbox, "ip", "link", "set", Uplink, "xdp", "pinned", source);
        await RunAsync(
            outside, "nft", "table netdev sink { chain pod { type filter hook ingress device pod1 priority 0; udp dport 8080 drop; }; }");
        // Learnt before the first packet: what waits for an answer would be dropped.
        await RunAsync(outside, "ping", "-qc1", "10.200.0.1");
        string link = (await sandbox.RunAsync("cat", [$"/sys/class/net/{Uplink}/address"], cancellationToken)).OrThrow().Output;
        ChildProcess agent = await sandbox.StartAsync(
            "sh",
            ["-c", $"exec env DOTNET_TieredCompilation=0 taskset -c 1 '{Environment.ProcessPath}' proxy-agent"],
            cancellationToken);
        return new NodePortNode(sandbox, outside, agent, Frame(link.Trim()));

        async Task RunAsync(NodeSandbox where, string program, params string[] arguments) =>
            (await where.RunAsync(program, arguments, cancellationToken)).OrThrow();
    }

    internal Task<string> AskAsync(string command, CancellationToken cancellationToken) =>
        ProxyNode.AskAsync(_agent, command, cancellationToken);

    /// <returns>How many frames in a second went to the endpoint.</returns>
    internal async Task<double> MeasureAsync(TimeSpan window, CancellationToken cancellationToken)
    {
        long before = await CountAsync(cancellationToken);
        string answer = await AskAsync(
            string.Create(CultureInfo.InvariantCulture, $"receive {Uplink} {_frame} {window.TotalMilliseconds:F0}"), cancellationToken);
        (double rate, double count) = answer.Split(' ') is [string perSecond, string all]
            ? (double.Parse(perSecond, CultureInfo.InvariantCulture), double.Parse(all, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The agent said: {answer}");
        double arrived = await CountAsync(cancellationToken) - before;
        return arrived >= count * 0.99
            ? rate * arrived / count
            : throw new InvalidOperationException($"Of {count} frames only {arrived} went to the endpoint.");
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await Sandbox.DisposeAsync();
        await _outside.DisposeAsync();
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        string file = $"/sys/class/net/{PodLink}/statistics/tx_packets";
        return long.Parse(
            (await Sandbox.RunAsync("cat", [file], cancellationToken)).OrThrow().Output.Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>UDP from the client to the node port.</summary>
    private static string Frame(string link)
    {
        const int ethernet = 14;
        const int ip = 20;
        const int udp = 8;
        const int payload = FrameLength - ethernet - ip - udp;
        Span<byte> frame = stackalloc byte[FrameLength];
        Convert.FromHexString(link.Replace(":", "", StringComparison.Ordinal)).CopyTo(frame);
        frame[6] = 2; // a locally administered sender
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);
        Span<byte> header = frame[ethernet..];
        header[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], ip + udp + payload);
        (header[8], header[9]) = (64, 17);
        Client.TryWriteBytes(header[12..], out _);
        Address.TryWriteBytes(header[16..], out _);
        uint sum = 0;
        for (int i = 0; i < ip; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)~((sum & 0xffff) + (sum >> 16)));
        BinaryPrimitives.WriteUInt16BigEndian(header[(ip + 2)..], NodePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[(ip + 4)..], udp + payload);
        return Convert.ToHexString(frame);
    }
}
