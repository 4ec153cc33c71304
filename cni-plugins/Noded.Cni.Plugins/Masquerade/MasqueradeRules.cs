using Noded.Linux;
using Noded.Linux.Namespaces;
using Noded.Linux.Netlink.NfTables;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Masquerade;

/// <summary>
/// Gives packets that leave a network the machine's own source address (<c>ipMasq</c>). Two rules, however many
/// containers there are: each address is one element of a map, that leads to the chain of its network.
/// </summary>
/// <remarks>
/// Concurrent plugins agree through the kernel: an ADD that finds everything in place is one message that cannot do harm;
/// every other change is decided on a generation of the rule set and holds for that one alone.
/// </remarks>
/// <param name="host">The namespace that masquerades; null for that of the calling thread.</param>
internal sealed class MasqueradeRules(NetworkNamespace? host = null) : IDisposable
{
    private readonly NfRuleSet _rules = NfRuleSet.Open(MasqueradeTable.Family, host);

    public void Dispose() => _rules.Dispose();

    /// <summary>Masquerades from now on; addresses of another container that is gone change hands.</summary>
    /// <param name="addresses">The container's, each with the length of the network within which nothing is changed.</param>
    internal void Add(string network, Attachment attachment, IReadOnlyList<IPPrefix> addresses)
    {
        if (addresses.Count == 0)
        {
            return;
        }

        NfBatch batch = new(MasqueradeTable.Family);
        MasqueradeTable.AddElements(batch, network, attachment, addresses);
        string operation = $"masquerade {string.Join(" and ", addresses)} of {attachment}";

        try
        {
            _rules.Execute(batch, operation);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EEXIST or Errno.EBUSY)
        {
            // The first of its network, or an address that is there already.
            _rules.Change(operation, () => MasqueradeTable.ComputeAdd(_rules, network, attachment, addresses));
        }
    }

    /// <summary>Takes back what Add did for an attachment, with what nobody needs any more.</summary>
    internal void Remove(string network, Attachment attachment)
    {
        string label = AttachmentLabel.Of(network, attachment);
        _rules.Change(
            $"stop masquerading {attachment}", () => MasqueradeTable.ComputeRemoval(_rules, found => found == label));
    }

    /// <summary>The same for all attachments of a network but the valid ones.</summary>
    internal void Gc(string network, IReadOnlySet<Attachment> valid)
    {
        HashSet<string> kept = [.. valid.Select(attachment => AttachmentLabel.Of(network, attachment))];
        _rules.Change(
            $"stop masquerading what is left over in {network}",
            () => MasqueradeTable.ComputeRemoval(
                _rules, found => AttachmentLabel.IsOf(found, network) && !kept.Contains(found)));
    }

    /// <exception cref="CniException">Something is not as Add left it.</exception>
    internal void Check(string network, Attachment attachment, IReadOnlyList<IPPrefix> addresses)
    {
        foreach (IPPrefix address in addresses)
        {
            if (MasqueradeTable.FindFault(_rules, network, attachment, address) is string fault)
            {
                throw new CniException(
                    CniErrorCode.CheckFailed, $"{address.Address} of {attachment} is not masqueraded: {fault}");
            }
        }
    }
}
