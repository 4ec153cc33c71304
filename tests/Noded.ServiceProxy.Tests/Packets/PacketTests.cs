using System.Net;
using Noded.Bpf;
using Noded.ServiceProxy.Datapath;
using Noded.ServiceProxy.Tables;
using Noded.Testing;

namespace Noded.ServiceProxy.Tests.Packets;

/// <summary>Packets run through the programs by the kernel, compared byte by byte with what the model says.</summary>
[Trait("Category", "Integration")]
public sealed class PacketTests : IDisposable
{
    private const uint Next = uint.MaxValue;
    private const uint Drop = 2;

    private static readonly IPEndPoint Client4 = IPEndPoint.Parse("10.244.1.2:40000");
    private static readonly IPEndPoint Service4 = IPEndPoint.Parse("10.96.0.1:53");
    private static readonly IPEndPoint Backend4 = IPEndPoint.Parse("10.244.2.2:5353");
    private static readonly IPEndPoint Client6 = IPEndPoint.Parse("[fd10:1::2]:40000");
    private static readonly IPEndPoint Service6 = IPEndPoint.Parse("[fd01::1]:53");
    private static readonly IPEndPoint Backend6 = IPEndPoint.Parse("[fd10:2::2]:5353");
    private static readonly IPEndPoint Empty4 = IPEndPoint.Parse("10.96.0.9:53");

    // BPF_PROG_TEST_RUN with the sum that a device made of the packet.
    private static readonly bool CanBeSummed = Environment.OSVersion.Version >= new Version(6, 13);

    private readonly BpfObject _object;
    private readonly ServiceMaps _maps;
    private readonly ServiceTables _tables;
    private readonly BpfProgram _fromPod;
    private readonly BpfProgram _fromUplink;
    private readonly BpfProgram _toClient;
    private readonly PacketModel _model;

    public PacketTests()
    {
        Requires.Root();
        _object = BpfObject.Open("packet", BpfObjects.Read("packet"));
        _object.SetConstant("masquerade_mark", 0x4000u);
        _object.SetMaxEntries("frontends", 256);
        _object.SetMaxEntries("backends", 256);
        _object.SetMaxEntries("backend_hits", 256);
        _object.SetMaxEntries("slots", 256);
        _object.Load();
        _maps = new ServiceMaps(_object.Map);
        _tables = new ServiceTables(_maps, () => { });
        (_fromPod, _fromUplink) = (_object.Program("from_pod"), _object.Program("from_uplink"));
        _toClient = _object.Program("to_client");
        Dictionary<(IPEndPoint, byte), IPEndPoint?> services = [];
        foreach (byte protocol in (byte[])[6, 17])
        {
            services[(Service4, protocol)] = Backend4;
            services[(Service6, protocol)] = Backend6;
            services[(Empty4, protocol)] = null;
        }

        foreach (((IPEndPoint service, byte protocol), IPEndPoint? backend) in services)
        {
            string[] backends = backend is null ? [] : [backend.ToString()];
            ServicePort port = Plans.Port($"s-{service}", service.ToString(), (ServiceProtocol)protocol);
            _tables.Apply(Plans.Of(port, backends));
        }

        _model = new PacketModel(services);
    }

    public static TheoryData<bool, byte> FamiliesAndProtocols => new()
    {
        { false, 17 }, { true, 17 }, { false, 6 }, { true, 6 },
    };

    [Theory]
    [MemberData(nameof(FamiliesAndProtocols))]
    public void Forward_ToAService_GoesToTheBackendAndItsAnswerComesFromTheService(bool isV6, byte protocol)
    {
        Packet question = Question(isV6, protocol);
        Packet answer = new(isV6 ? Backend6 : Backend4, question.Source) { Protocol = protocol, Payload = [9, 8, 7] };

        AssertForward(question);
        AssertReverse(answer);
    }

    [Theory]
    [MemberData(nameof(FamiliesAndProtocols))]
    public void Reverse_ErrorAboutATranslatedPacket_IsAboutTheService(bool isV6, byte protocol)
    {
        Packet question = Question(isV6, protocol);
        AssertForward(question);
        Packet sent = question with { Target = isV6 ? Backend6 : Backend4, Ttl = 63 };
        IPEndPoint router = IPEndPoint.Parse(isV6 ? "[fd10:9::1]:0" : "10.244.9.1:0");
        IPEndPoint client = new(question.Source.Address, 0);

        AssertReverse(new Packet(router, client) { ErrorType = isV6 ? (byte)2 : (byte)3, Quoted = sent });
        AssertReverse(
            new Packet(new IPEndPoint(sent.Target.Address, 0), client) { ErrorType = isV6 ? (byte)1 : (byte)3, Quoted = sent });
        AssertReverse(new Packet(router, client) { ErrorType = isV6 ? (byte)3 : (byte)11, Quoted = sent });
    }

    [Theory]
    [MemberData(nameof(FamiliesAndProtocols))]
    public void Forward_ErrorAboutAnAnswer_GoesToTheBackend(bool isV6, byte protocol)
    {
        Packet question = Question(isV6, protocol);
        AssertForward(question);
        Packet answer = new(question.Target, question.Source) { Protocol = protocol, Payload = new byte[100] };
        IPEndPoint router = IPEndPoint.Parse(isV6 ? "[fd10:9::1]:0" : "10.244.9.1:0");

        AssertForward(new Packet(router, new IPEndPoint(question.Target.Address, 0))
        {
            ErrorType = isV6 ? (byte)2 : (byte)3,
            Quoted = answer,
        });
    }

    /// <summary>Every other test of this class checks it, too, where the kernel can; this one tells where it cannot.</summary>
    [Theory]
    [MemberData(nameof(FamiliesAndProtocols))]
    public void ForwardAndReverse_SummedByTheDevice_TheSumStaysThatOfThePacket(bool isV6, byte protocol)
    {
        Assert.SkipUnless(CanBeSummed, "Needs CHECKSUM_COMPLETE in BPF_PROG_TEST_RUN (kernel 6.13).");
        Packet question = Question(isV6, protocol);
        Packet translated = question with { Target = isV6 ? Backend6 : Backend4 };
        Packet answer = new(translated.Target, question.Source) { Protocol = protocol, Payload = [9, 8, 7] };
        Packet error = new(new IPEndPoint(translated.Target.Address, 0), new IPEndPoint(question.Source.Address, 0))
        {
            ErrorType = isV6 ? (byte)1 : (byte)3,
            Quoted = translated,
        };

        Assert.Equal(translated.ToFrame(), _fromPod.TestRun(question.ToFrame(), isSummed: true).Packet);
        _model.Forward(question);
        Assert.Equal(_model.Reverse(answer).ToFrame(), _toClient.TestRun(answer.ToFrame(), isSummed: true).Packet);
        Assert.Equal(_model.Reverse(error).ToFrame(), _toClient.TestRun(error.ToFrame(), isSummed: true).Packet);
    }

    [Fact]
    public void Forward_UdpWithoutChecksum_StaysWithout() =>
        AssertForward(Question(isV6: false, protocol: 17) with { HasNoChecksum = true });

    [Fact]
    public void Forward_Options_AreKept() =>
        AssertForward(Question(isV6: false, protocol: 17) with { Options = [0x94, 4, 0, 0, 1, 1, 1, 0] });

    [Theory]
    [InlineData(0x2000)]
    [InlineData(0x0010)]
    public void Forward_Fragment_IsLeftAlone(ushort fragment) =>
        AssertForward(Question(isV6: false, protocol: 17) with { Fragment = fragment });

    [Fact]
    public void Forward_DoNotFragment_IsNoFragment()
    {
        byte[] output = Run(_fromPod, Question(isV6: false, protocol: 17) with { Fragment = 0x4000 });

        Assert.Equal((Question(isV6: false, protocol: 17) with { Fragment = 0x4000, Target = Backend4 }).ToFrame(), output);
    }

    [Fact]
    public void Forward_NobodyServes_IsDropped()
    {
        Packet packet = Question(isV6: false, protocol: 17) with { Target = Empty4 };

        Assert.Equal(Drop, _fromPod.TestRun(packet.ToFrame()).Verdict);
    }

    [Fact]
    public void Forward_UdpEndpointGone_TheNextPacketGoesElsewhere()
    {
        Packet packet = Question(isV6: false, protocol: 17);
        AssertForward(packet);

        ServicePort port = Plans.Port($"s-{Service4}", Service4.ToString(), ServiceProtocol.Udp);
        _tables.Apply(Plans.Of(port, "10.244.3.3:5353"));

        Assert.Equal((packet with { Target = IPEndPoint.Parse("10.244.3.3:5353") }).ToFrame(), Run(_fromPod, packet));
    }

    [Fact]
    public void Forward_TcpEndpointGone_EndsWhatItBeganAndNewOnesGoElsewhere()
    {
        Packet packet = Question(isV6: false, protocol: 6) with { Flags = 0x02 };
        AssertForward(packet);

        _tables.Apply(Plans.Of(Plans.Port($"s-{Service4}", Service4.ToString()), "10.244.3.3:5353"));
        Packet more = packet with { Flags = 0x10 };
        Packet again = packet with { Flags = 0x02 };

        Assert.Equal((more with { Target = Backend4 }).ToFrame(), Run(_fromPod, more));
        Assert.Equal((again with { Target = IPEndPoint.Parse("10.244.3.3:5353") }).ToFrame(), Run(_fromPod, again));
    }

    [Theory]
    [InlineData("10.244.2.2:40000", false, false, 0x4000u)]
    [InlineData("10.244.1.2:40000", false, false, 0u)]
    [InlineData("192.0.2.7:40000", true, false, 0x4000u)]
    [InlineData("192.0.2.7:40000", true, true, 0u)]
    public void Forward_AnswersThatWouldNotComeBack_AreMarkedForMasquerade(
        string source, bool isExternal, bool isExternallyLocal, uint mark)
    {
        ServicePort port = Plans.Port("web", "10.96.0.7:53", ServiceProtocol.Udp) with
        {
            ExternalIPs = Plans.Addresses("192.0.2.1"),
            IsExternallyLocal = isExternallyLocal,
        };
        _tables.Apply(Plans.Of(port, Backend4.ToString()));
        Packet packet = new(IPEndPoint.Parse(source), IPEndPoint.Parse("192.0.2.1:53"));

        // struct __sk_buff begins with len, pkt_type and mark.
        byte[] context = new byte[192];
        BpfTestRun run = (isExternal ? _fromUplink : _fromPod).TestRun(packet.ToFrame(), context);

        Assert.Equal((Next, mark), (run.Verdict, BitConverter.ToUInt32(run.Context, 8)));
    }

    [Fact]
    public void Forward_FromOutsideWithPolicyLocalAndNoLocalEndpoint_IsDropped()
    {
        ServicePort port = Plans.Port("web", "10.96.0.7:53", ServiceProtocol.Udp) with
        {
            NodePort = 30053,
            IsExternallyLocal = true,
        };
        _tables.Apply(ServicePlan.Compute(
            port, [Plans.Endpoint(Backend4.ToString()) with { NodeName = "node-2" }], Plans.Node));
        _maps.LocalAddresses.Set(new MapAddress(IPAddress.Parse("192.168.9.1")), 1);
        Packet packet = new(IPEndPoint.Parse("192.0.2.7:40000"), IPEndPoint.Parse("192.168.9.1:30053"));

        Assert.Equal(Drop, _fromUplink.TestRun(packet.ToFrame()).Verdict);
        Assert.Equal((packet with { Target = Backend4 }).ToFrame(), Run(_fromPod, packet));
    }

    [Fact]
    public void Random_PacketsOfAllKinds_AreWhatTheModelSays()
    {
        Random random = new(17);
        Packet[] sent = [.. Enumerable.Range(0, 50).Select(_ => RandomQuestion(random))];
        for (int i = 0; i < 3000; i++)
        {
            Packet packet = sent[random.Next(sent.Length)];
            switch (random.Next(4))
            {
                case 0:
                    AssertForward(packet with { Payload = RandomBytes(random, 600) });
                    break;
                case 1:
                    AssertForward(packet);
                    AssertReverse(new Packet(_model.Forward(packet)?.Target ?? packet.Target, packet.Source)
                    {
                        Protocol = packet.Protocol,
                        Payload = RandomBytes(random, 1200),
                        Flags = (byte)random.Next(64),
                    });
                    break;
                case 2:
                    AssertReverse(RandomError(random, packet, packet with { Target = IsV6(packet) ? Backend6 : Backend4 }));
                    break;
                default:
                    AssertForward(RandomError(random, packet, packet with { Source = packet.Target, Target = packet.Source }));
                    break;
            }
        }
    }

    [Fact]
    public void Random_Bytes_NeverHarmAnybody()
    {
        Random random = new(3);
        for (int i = 0; i < 2000; i++)
        {
            byte[] frame = Question(isV6: i % 2 == 0, protocol: 17).ToFrame();
            for (int change = 0; change < 4; change++)
            {
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            }

            // The kernel runs nothing without a whole IP header.
            byte[] cut = frame[..random.Next(14 + 40, frame.Length + 1)];
            Assert.Contains(_fromPod.TestRun(cut).Verdict, (uint[])[Next, Drop]);
            Assert.Contains(_toClient.TestRun(cut).Verdict, (uint[])[Next, Drop]);
        }
    }

    public void Dispose()
    {
        _fromPod.Dispose();
        _fromUplink.Dispose();
        _toClient.Dispose();
        _maps.Dispose();
        _object.Dispose();
    }

    private static bool IsV6(Packet packet) => packet.IsV6;

    private static Packet Question(bool isV6, byte protocol) =>
        new(isV6 ? Client6 : Client4, isV6 ? Service6 : Service4) { Protocol = protocol, Payload = [1, 2, 3, 4, 5] };

    private static Packet RandomQuestion(Random random)
    {
        bool isV6 = random.Next(2) == 0;
        byte[] address = RandomBytes(random, isV6 ? 16 : 4, exactly: true);
        address[0] = isV6 ? (byte)0xfd : (byte)10;
        byte protocol = random.Next(2) == 0 ? (byte)6 : (byte)17;
        return new Packet(
            new IPEndPoint(new IPAddress(address), random.Next(1, 65536)),
            random.Next(8) switch { 0 => isV6 ? Backend6 : Empty4, 1 => isV6 ? Client6 : Backend4, _ => isV6 ? Service6 : Service4 })
        {
            Protocol = protocol,
            Payload = RandomBytes(random, 100),
            Options = isV6 ? [] : RandomBytes(random, 4 * random.Next(0, 11), exactly: true),
            Ttl = (byte)random.Next(1, 256),
            Flags = (byte)random.Next(64),
            HasNoChecksum = !isV6 && protocol == 17 && random.Next(3) == 0,
        };
    }

    private static Packet RandomError(Random random, Packet about, Packet quoted)
    {
        byte[] router = RandomBytes(random, about.IsV6 ? 16 : 4, exactly: true);
        router[0] = about.IsV6 ? (byte)0xfd : (byte)10;
        IPAddress source = random.Next(2) == 0 ? quoted.Target.Address : new IPAddress(router);
        byte[] types = about.IsV6 ? [1, 2, 3, 4] : [3, 11, 12];
        return new Packet(new IPEndPoint(source, 0), new IPEndPoint(quoted.Source.Address, 0))
        {
            ErrorType = types[random.Next(types.Length)],
            Quoted = quoted,
        };
    }

    private static byte[] RandomBytes(Random random, int length, bool exactly = false)
    {
        byte[] bytes = new byte[exactly ? length : random.Next(length)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Run(BpfProgram program, Packet packet)
    {
        BpfTestRun run = program.TestRun(packet.ToFrame());
        Assert.True(run.Verdict == Next, $"{packet}: verdict {run.Verdict}");

        // Not without a checksum: then nobody compares sums, and the ports are not made up for.
        if (CanBeSummed && !packet.HasNoChecksum)
        {
            Assert.Equal(run.Packet, program.TestRun(packet.ToFrame(), isSummed: true).Packet);
        }

        return run.Packet;
    }

    private void AssertForward(Packet packet)
    {
        Packet? expected = _model.Forward(packet);
        if (expected is null)
        {
            Assert.Equal(Drop, _fromPod.TestRun(packet.ToFrame()).Verdict);
        }
        else
        {
            Assert.Equal(expected.ToFrame(), Run(_fromPod, packet));
        }
    }

    private void AssertReverse(Packet packet) => Assert.Equal(_model.Reverse(packet).ToFrame(), Run(_toClient, packet));
}
