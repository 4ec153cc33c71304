using Noded.Linux;
using Noded.Linux.Netlink.NfTables;

namespace Noded.Cni.Plugins.PortMap;

/// <summary>The mapped ports in the kernel.</summary>
/// <remarks>
/// Concurrent plugins agree through the kernel: elements are added all or none, and only where there are none; every
/// other change is decided on a generation of the rule set and holds for that one alone.
/// </remarks>
internal sealed class PortMapRules : IDisposable
{
    private readonly NfRuleSet _rules = NfRuleSet.Open(PortMapTable.Family);

    public void Dispose() => _rules.Dispose();

    /// <summary>Throws when the kernel has no nf_tables.</summary>
    internal void Probe() => _rules.GetGeneration();

    /// <exception cref="CniException">Another container has one of the ports.</exception>
    internal void Add(Attachment attachment, string label, IReadOnlyList<PortMapElement> elements)
    {
        NfBatch batch = new(PortMapTable.Family);
        AddElements(batch, elements);
        string operation = $"map ports to {attachment}";

        try
        {
            _rules.Execute(batch, operation);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EEXIST or Errno.EBUSY)
        {
            // The first of all, or a port that somebody has: who, and is it this very container?
            _rules.Change(operation, () => ComputeAdd(ReadAll(), attachment, label, elements));
        }
    }

    /// <summary>Removes the elements of some labels; with the last of all goes the table.</summary>
    /// <returns>What was removed.</returns>
    internal IReadOnlyList<PortMapElement> Remove(string operation, Func<string, bool> isUnwanted)
    {
        List<PortMapElement> removed = [];
        _rules.Change(operation, () =>
        {
            NfBatch batch = new(PortMapTable.Family);
            removed.Clear();

            if (ReadAll() is not List<PortMapElement> all)
            {
                return batch;
            }

            removed.AddRange(all.Where(found => found.Element.Comment is string label && isUnwanted(label)));

            if (removed.Count == all.Count)
            {
                batch.DeleteTable(PortMapTable.Name);
            }
            else
            {
                DeleteElements(batch, removed);
            }

            return batch;
        });
        return removed;
    }

    /// <summary>What of the elements or of the rules around them is missing; null when nothing is.</summary>
    internal string? FindFault(IReadOnlyList<PortMapElement> elements)
    {
        List<PortMapElement> all = ReadAll() ?? [];

        foreach (PortMapElement wish in elements)
        {
            if (!all.Contains(wish, SameElement))
            {
                return $"host {wish.Describe()} is not in {wish.Set.Name} of table {PortMapTable.Name} as it should be";
            }
        }

        foreach ((string chain, uint use) in PortMapTable.Chains)
        {
            if (_rules.FindChain(PortMapTable.Name, chain)?.Use != use)
            {
                return $"chain {chain} of table {PortMapTable.Name} was changed";
            }
        }

        return null;
    }

    /// <summary>The change from what is there to what ADD promises; pure.</summary>
    /// <param name="all">Null when there is no table.</param>
    internal static NfBatch ComputeAdd(
        IReadOnlyList<PortMapElement>? all, Attachment attachment, string label, IReadOnlyList<PortMapElement> wishes)
    {
        NfBatch batch = new(PortMapTable.Family);

        if (all is null)
        {
            PortMapTable.Add(batch);
        }

        PortMapElement[] own = [.. (all ?? []).Where(found => found.Element.Comment == label)];
        ILookup<(string, NfKey), PortMapElement> others =
            (all ?? []).Except(own).ToLookup(found => (found.Set.Name, found.Element.Key));

        foreach (PortMapElement wish in wishes)
        {
            if (others[(wish.Set.Name, wish.Element.Key)].FirstOrDefault() is PortMapElement holder)
            {
                throw new CniException(
                    CniErrorCode.HostPortTaken,
                    $"host {wish.Describe()} is taken",
                    $"{attachment} cannot have it, it belongs to {holder.Element.Comment} (network, container, interface)");
            }
        }

        // An ADD without a DEL before it says what is true from now on.
        DeleteElements(batch, own);
        AddElements(batch, wishes);
        return batch;
    }

    private static void AddElements(NfBatch batch, IEnumerable<PortMapElement> elements)
    {
        foreach (IGrouping<string, PortMapElement> set in elements.GroupBy(element => element.Set.Name))
        {
            batch.AddElements(PortMapTable.Name, set.Key, [.. set.Select(element => element.Element)]);
        }
    }

    private static void DeleteElements(NfBatch batch, IEnumerable<PortMapElement> elements)
    {
        foreach (IGrouping<string, PortMapElement> set in elements.GroupBy(element => element.Set.Name))
        {
            batch.DeleteElements(PortMapTable.Name, set.Key, [.. set.Select(element => element.Element)]);
        }
    }

    private static readonly EqualityComparer<PortMapElement> SameElement = EqualityComparer<PortMapElement>.Create(
        (one, other) => one!.Set.Name == other!.Set.Name && one.Element == other.Element,
        found => found.Element.GetHashCode());

    /// <summary>All elements of all sets; null when there is no table.</summary>
    private List<PortMapElement>? ReadAll()
    {
        List<PortMapElement> all = [];

        foreach (PortMapFamily family in (PortMapFamily[])[PortMapTable.V4, PortMapTable.V6])
        {
            foreach (NfSet set in (NfSet[])[family.Ports, family.AddressPorts, family.Sources, family.AddressSources])
            {
                if (_rules.GetElements(PortMapTable.Name, set.Name) is not IReadOnlyList<NfElement> elements)
                {
                    return null;
                }

                all.AddRange(elements.Select(element => new PortMapElement(family, set, element)));
            }
        }

        return all;
    }
}
