using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Noded.Linux.Netlink.Rtnetlink;

public sealed partial class RtNetlink
{
    // TC_H_ROOT, TC_H_INGRESS and the handles that tc(8) gives their disciplines.
    private const uint RootParent = 0xffffffff;
    private const uint IngressParent = 0xfffffff1;
    private const uint IngressHandle = 0xffff0000;
    private const uint RootHandle = 0x10000;

    private const string TokenBucketKind = "tbf";
    private const string IngressKind = "ingress";

    // No module is as old and as common as this one.
    private const string FilterKind = "u32";
    private const string RedirectKind = "mirred";

    // TC_LINKLAYER_ETHERNET: the kernel asks for no table of packet lengths.
    private const byte EthernetLinkLayer = 1;

    // TC_U32_TERMINAL, TC_ACT_STOLEN, TCA_EGRESS_REDIR, ETH_P_ALL.
    private const byte TerminalFlag = 1;
    private const int StolenVerdict = 4;
    private const int EgressRedirect = 1;
    private const ushort AllProtocols = 3;
    private const uint FirstPriority = 1;

    /// <summary>Limits what leaves by a link; takes the place of a limit that is there.</summary>
    public void ReplaceTokenBucket(int linkIndex, TokenBucket bucket)
    {
        NetlinkMessageBuilder message =
            new NetlinkMessageBuilder(RouteMessageType.NewQdisc, NetlinkFlags.Create | NetlinkFlags.Replace)
                .Header(new TrafficHeader { Index = linkIndex, Parent = RootParent, Handle = RootHandle });
        AttributeWriter<TrafficAttribute> discipline = message.Attributes<TrafficAttribute>();
        discipline.Put(TrafficAttribute.Kind, TokenBucketKind);

        using (AttributeWriter<TokenBucketAttribute> options = discipline.Nest<TokenBucketAttribute>(TrafficAttribute.Options))
        {
            options.PutValue(TokenBucketAttribute.Parameters, new TokenBucketParameters
            {
                Rate = new RateSpecification
                {
                    LinkLayer = EthernetLinkLayer,
                    Rate = (uint)Math.Min(bucket.BytesPerSecond, uint.MaxValue),
                },
                Limit = bucket.Limit,
            });

            if (bucket.BytesPerSecond >= uint.MaxValue)
            {
                options.PutValue(TokenBucketAttribute.Rate64, bucket.BytesPerSecond);
            }

            // In bytes: as the time that it takes, which is the older way, it ends at four seconds.
            options.Put(TokenBucketAttribute.Burst, bucket.Burst);
        }

        _socket.Execute(message, $"limit link {linkIndex} to {bucket.BytesPerSecond} bytes per second");
    }

    /// <summary>False when the link has no limit of its own or is gone.</summary>
    public bool DeleteTokenBucket(int linkIndex) =>
        ExecuteRemoval(
            new NetlinkMessageBuilder(RouteMessageType.DeleteQdisc, NetlinkFlags.None)
                .Header(new TrafficHeader { Index = linkIndex, Parent = RootParent, Handle = RootHandle }),
            $"take the limit off link {linkIndex}",
            Errno.ENOENT,
            Errno.EINVAL,
            Errno.ENODEV);

    /// <summary>The limit of what leaves by a link, or null; the burst is not among what the kernel tells.</summary>
    public TokenBucket? FindTokenBucket(int linkIndex)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetQdisc, NetlinkFlags.Dump)
            .Header(new TrafficHeader { Index = linkIndex });
        return _socket.Dump(
            message, (_, payload) => ParseTokenBucket(payload, linkIndex), $"list queueing disciplines of link {linkIndex}")
            .FirstOrDefault();
    }

    /// <summary>Leads all that arrives at a link out of another one instead.</summary>
    public void RedirectIngress(int linkIndex, int targetIndex)
    {
        NetlinkMessageBuilder discipline = new NetlinkMessageBuilder(RouteMessageType.NewQdisc, CreateExclusive)
            .Header(new TrafficHeader { Index = linkIndex, Parent = IngressParent, Handle = IngressHandle });
        discipline.Attributes<TrafficAttribute>().Put(TrafficAttribute.Kind, IngressKind);
        _socket.Execute(discipline, $"add an ingress discipline to link {linkIndex}");

        NetlinkMessageBuilder filter = new NetlinkMessageBuilder(RouteMessageType.NewFilter, CreateExclusive)
            .Header(new TrafficHeader
            {
                Index = linkIndex,
                Parent = IngressHandle,
                Info = (FirstPriority << 16) | BinaryPrimitives.ReverseEndianness(AllProtocols),
            });
        AttributeWriter<TrafficAttribute> attributes = filter.Attributes<TrafficAttribute>();
        attributes.Put(TrafficAttribute.Kind, FilterKind);

        using (AttributeWriter<U32Attribute> options = attributes.Nest<U32Attribute>(TrafficAttribute.Options))
        {
            // One key whose mask is empty: everything matches.
            options.PutValue(U32Attribute.Selector, new U32Selector { Flags = TerminalFlag, KeyCount = 1 });
            using AttributeWriter<ActionOrder> actions = options.Nest<ActionOrder>(U32Attribute.Actions);
            using AttributeWriter<ActionAttribute> action = actions.Nest<ActionAttribute>(ActionOrder.First);
            action.Put(ActionAttribute.Kind, RedirectKind);
            using AttributeWriter<MirrorAttribute> mirror = action.Nest<MirrorAttribute>(ActionAttribute.Options);
            mirror.PutValue(MirrorAttribute.Parameters, new MirrorParameters
            {
                Verdict = StolenVerdict,
                Direction = EgressRedirect,
                LinkIndex = targetIndex,
            });
        }

        _socket.Execute(filter, $"redirect what arrives at link {linkIndex} to link {targetIndex}");
    }

    /// <summary>Where all that arrives at a link is led instead; null when it is not.</summary>
    public int? FindIngressRedirect(int linkIndex)
    {
        NetlinkMessageBuilder message = new NetlinkMessageBuilder(RouteMessageType.GetFilter, NetlinkFlags.Dump)
            .Header(new TrafficHeader { Index = linkIndex, Parent = IngressHandle });

        return _socket.Dump(message, ParseRedirect, $"list filters of link {linkIndex}")
            .FirstOrDefault()?.LinkIndex;
    }

    private static TokenBucket? ParseTokenBucket(ReadOnlySpan<byte> payload, int linkIndex)
    {
        if (!MemoryMarshal.TryRead(payload, out TrafficHeader header)
            || header.Index != linkIndex || header.Parent != RootParent)
        {
            return null;
        }

        AttributeReader<TrafficAttribute> attributes = new(payload[Marshal.SizeOf<TrafficHeader>()..]);
        string kind = "";

        while (attributes.Read())
        {
            // The kernel writes the kind before its options.
            switch (attributes.Type)
            {
                case TrafficAttribute.Kind:
                    kind = attributes.Text;
                    break;
                case TrafficAttribute.Options when kind == TokenBucketKind:
                    return ParseTokenBucket(attributes.Nested<TokenBucketAttribute>());
            }
        }

        return null;
    }

    private static TokenBucket? ParseTokenBucket(AttributeReader<TokenBucketAttribute> options)
    {
        TokenBucket bucket = new(0, 0, 0);

        while (options.Read())
        {
            if (options.Type == TokenBucketAttribute.Parameters
                && MemoryMarshal.TryRead(options.Value, out TokenBucketParameters parameters))
            {
                bucket = bucket with { BytesPerSecond = parameters.Rate.Rate, Limit = parameters.Limit };
            }
            else if (options.Type == TokenBucketAttribute.Rate64 && MemoryMarshal.TryRead(options.Value, out ulong rate))
            {
                bucket = bucket with { BytesPerSecond = rate };
            }
        }

        return bucket;
    }

    private static Redirect? ParseRedirect(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RouteMessageType.NewFilter || payload.Length < Marshal.SizeOf<TrafficHeader>())
        {
            return null;
        }

        AttributeReader<TrafficAttribute> attributes = new(payload[Marshal.SizeOf<TrafficHeader>()..]);

        while (attributes.Read())
        {
            if (attributes.Type == TrafficAttribute.Options)
            {
                return ParseFilter(attributes.Nested<U32Attribute>());
            }
        }

        return null;
    }

    private static Redirect? ParseFilter(AttributeReader<U32Attribute> options)
    {
        while (options.Read())
        {
            if (options.Type == U32Attribute.Actions)
            {
                AttributeReader<ActionOrder> actions = options.Nested<ActionOrder>();
                return actions.Read() ? ParseAction(actions.Nested<ActionAttribute>()) : null;
            }
        }

        return null;
    }

    private static Redirect? ParseAction(AttributeReader<ActionAttribute> action)
    {
        while (action.Read())
        {
            if (action.Type == ActionAttribute.Options)
            {
                AttributeReader<MirrorAttribute> mirror = action.Nested<MirrorAttribute>();

                while (mirror.Read())
                {
                    if (mirror.Type == MirrorAttribute.Parameters
                        && MemoryMarshal.TryRead(mirror.Value, out MirrorParameters parameters))
                    {
                        return new Redirect(parameters.LinkIndex);
                    }
                }
            }
        }

        return null;
    }

    private sealed record Redirect(int LinkIndex);
}
