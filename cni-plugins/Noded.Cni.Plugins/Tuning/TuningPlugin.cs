using Noded.Cni.Plugins.Interfaces;
using Noded.Cni.Results;
using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.Rtnetlink;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Tuning;

/// <summary>
/// Changes the interface that the plugins before it in the chain have made, and settings of its namespace. DEL gives the
/// interface back as it was, as it may be hardware of the machine; settings go with the namespace.
/// </summary>
internal sealed class TuningPlugin(string allowListPath = SysctlAllowList.DefaultPath) : ICniPlugin
{
    public CniResult Add(CniRequest request)
    {
        CniResult previous = request.RequirePreviousResult();
        TuningRequest wish = Read(request);
        return Undo.Run(undo =>
        {
            WriteSettings(request.Arguments.NetworkNamespace, wish, undo);
            ChangeLink(request, wish, undo);
            return WithChange(previous, request.Attachment.InterfaceName, wish.Change);
        });
    }

    public void Del(CniRequest request)
    {
        TuningBackupDirectory backups = new(TuningRequest.ReadDataDirectory(request));

        if (request.Arguments.NetworkNamespacePath is not null && backups.Find(request.Attachment) is TuningBackup backup)
        {
            Restore(request, backup);
        }

        backups.Remove(request.Attachment);
    }

    public void Check(CniRequest request)
    {
        request.RequirePreviousResult();
        TuningRequest wish = Read(request);
        NetworkNamespace networkNamespace = request.Arguments.NetworkNamespace;

        foreach ((string name, string value) in wish.Settings)
        {
            string present = networkNamespace.ReadSysctl(name);
            ThrowUnless(SameWords(present, value), $"sysctl {name} is \"{present}\", not \"{value}\"");
        }

        if (wish.ChangesLink)
        {
            using RtNetlink inside = RtNetlink.Open(networkNamespace);
            CheckLink(inside.GetLink(request.Attachment.InterfaceName), wish.Change);
        }
    }

    public void Gc(CniRequest request) =>
        new TuningBackupDirectory(TuningRequest.ReadDataDirectory(request))
            .RemoveInvalid(request.Config.Name!, request.ValidAttachments);

    public void Status(CniRequest request) => Read(request);

    private TuningRequest Read(CniRequest request) => TuningRequest.Create(request, SysctlAllowList.Read(allowListPath));

    private static void WriteSettings(NetworkNamespace networkNamespace, TuningRequest wish, Undo undo)
    {
        foreach ((string name, string value) in wish.Settings)
        {
            string before = networkNamespace.ReadSysctl(name);
            networkNamespace.WriteSysctl(name, value);
            undo.Push(() => networkNamespace.WriteSysctl(name, before));
        }
    }

    private static void ChangeLink(CniRequest request, TuningRequest wish, Undo undo)
    {
        if (!wish.ChangesLink)
        {
            return;
        }

        using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);
        Link link = inside.GetLink(request.Attachment.InterfaceName);
        TuningBackup backup = TuningBackup.Create(request.Config.Name!, link, wish.Change);
        TuningBackupDirectory backups = new(wish.DataDirectory);

        // Before the change: a crash between the two leaves nothing that DEL could not take back.
        backups.Add(request.Attachment, backup);
        undo.Push(() =>
        {
            Restore(request, backup);
            backups.Remove(request.Attachment);
        });
        inside.ChangeLink(link.Index, wish.Change);
    }

    private static void Restore(CniRequest request, TuningBackup backup)
    {
        try
        {
            using RtNetlink inside = RtNetlink.Open(request.Arguments.NetworkNamespace);

            if (inside.FindLink(request.Attachment.InterfaceName) is Link link)
            {
                inside.ChangeLink(link.Index, backup.ToChange());
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EINVAL or Errno.ENODEV)
        {
            // The namespace or the link went with the container.
        }
    }

    private static void CheckLink(Link link, LinkChange change)
    {
        ThrowUnless(
            change.Address is not MacAddress mac || link.Address == mac, $"{link.Name} has MAC {link.Address}, not {change.Address}");
        ThrowUnless(change.Mtu is not uint mtu || link.Mtu == mtu, $"{link.Name} has MTU {link.Mtu}, not {change.Mtu}");
        ThrowUnless(
            change.TxQueueLength is not uint queue || link.TxQueueLength == queue,
            $"{link.Name} has a transmit queue of {link.TxQueueLength}, not {change.TxQueueLength}");
        CheckFlag(link, "promiscuous mode", LinkFlags.Promiscuous, change.Promiscuous);
        CheckFlag(link, "all-multicast mode", LinkFlags.AllMulticast, change.AllMulticast);
    }

    private static void CheckFlag(Link link, string what, LinkFlags flag, bool? wish) =>
        ThrowUnless(
            wish is not bool isSet || link.Flags.HasFlag(flag) == isSet, $"{what} of {link.Name} is not {wish}");

    private static CniResult WithChange(CniResult previous, string name, LinkChange change) => previous with
    {
        Interfaces = previous.Interfaces?.Select(link => link.Name == name && !string.IsNullOrEmpty(link.Sandbox)
            ? link with { Mac = change.Address?.ToString() ?? link.Mac, Mtu = change.Mtu ?? link.Mtu }
            : link).ToList(),
    };

    /// <summary>The kernel writes tabs between numbers where people write blanks.</summary>
    private static bool SameWords(string one, string other) => Words(one).SequenceEqual(Words(other));

    private static string[] Words(string text) =>
        text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static void ThrowUnless(bool holds, string message)
    {
        if (!holds)
        {
            throw new CniException(CniErrorCode.CheckFailed, message);
        }
    }
}
