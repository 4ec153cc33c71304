using Noded.ServiceProxy.Tables;

namespace Noded.ServiceProxy.Datapath;

internal sealed partial class ServiceTables
{
    // What a predecessor left, by its ids, until a plan takes it over or it is pruned.
    private readonly Dictionary<uint, ProgrammedService> _adopted = [];

    /// <summary>Whether anything of a predecessor is left.</summary>
    public int Adopted => _adopted.Count;

    /// <summary>Removes what a predecessor left and no plan has taken over. Only after every source has synced.</summary>
    public void Prune()
    {
        foreach (ProgrammedService service in _adopted.Values)
        {
            Withdraw(service);
            _hasLostUdp = true;
        }

        _adopted.Clear();
    }

    private bool IsAdopted(ProgrammedService service) => _adopted.ContainsKey(service.Id);

    /// <summary>
    /// An address that leads to a plan's service now is not its former owner's any more, whom nobody has asked for yet.
    /// </summary>
    private void TakeOver(FrontendKey key)
    {
        if (_owners.TryGetValue(key, out ProgrammedService? owner) && owner.FindFrontend(key) is >= 0 and int place)
        {
            _frontends.Return(owner.Frontends[place].Index);
            owner.Frontends.RemoveAt(place);
        }
    }

    private ProgrammedService? Find(ServicePlan plan)
    {
        if (_services.TryGetValue(plan.Name, out ProgrammedService? known))
        {
            return known;
        }

        foreach (Frontend frontend in _adopted.Count > 0 ? plan.Frontends : [])
        {
            if (_owners.TryGetValue(KeyOf(plan, frontend), out ProgrammedService? found) && IsAdopted(found))
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Reads back what the maps hold: everything that a frontend reaches is in use, the rest is free.</summary>
    private void Adopt()
    {
        foreach (FrontendKey key in _maps.FrontendIds.Keys())
        {
            if (!_maps.FrontendIds.TryGet(key, out uint index)
                || index >= _maps.Frontends.Length
                || _maps.Frontends[index].Key != key)
            {
                _maps.FrontendIds.Remove(key);
                continue;
            }

            FrontendEntry entry = _maps.Frontends[index];
            if (!_adopted.TryGetValue(entry.Service, out ProgrammedService? service))
            {
                service = new ProgrammedService(entry.Service);
                _adopted.Add(entry.Service, service);
            }

            service.Frontends.Add(new ProgrammedFrontend(key, index));
            _owners[key] = service;
            AdoptList(service, new ListWord(entry.Internal));
            AdoptList(service, new ListWord(entry.External));
        }

        AdoptSourceRanges();
        _frontends.Adopt(_adopted.Values.SelectMany(service => service.Frontends, (_, frontend) => frontend.Index).ToHashSet());
        _ids.Adopt(_adopted.Keys.ToHashSet());
        HashSet<uint> backends = [.. _adopted.Values.SelectMany(service => service.Backends, (_, backend) => backend.Index)];
        ReleaseOtherBackends(backends);
        _backends.Adopt(backends);
        _slots.Rebuild(_adopted.Values.SelectMany(service => service.AdoptedRanges).Distinct());
    }

    private void AdoptList(ProgrammedService service, ListWord word)
    {
        SlotRange range = new(word.First, word.Count);
        if (word.Count == 0 || word.First + (ulong)word.Count > _maps.Slots.Length || service.AdoptedRanges.Contains(range))
        {
            return;
        }

        _tag = Math.Max(_tag, word.Tag);
        service.AdoptedRanges.Add(range);
        Dictionary<Backend, uint> backends =
            service.Backends.ToDictionary(backend => backend.Backend, backend => backend.Index);
        for (int i = 0; i < word.Count; i++)
        {
            uint index = (uint)_maps.Slots[word.First + (uint)i];
            if (index < _maps.Backends.Length && _maps.Backends[index].Service == service.Id)
            {
                BackendEntry entry = _maps.Backends[index];
                backends[new Backend(entry.Address.ToIPAddress(), entry.Port.Value)] = index;
            }
        }

        service.Backends = [.. backends.Select(backend => new ProgrammedBackend(backend.Key, backend.Value)).Order()];
    }

    private void AdoptSourceRanges()
    {
        foreach (SourceRangeKey key in _maps.SourceRanges.Keys())
        {
            if (_adopted.TryGetValue(key.Service, out ProgrammedService? service))
            {
                service.SourceRanges.Add(key);
            }
            else
            {
                _maps.SourceRanges.Remove(key);
            }
        }
    }

    /// <summary>A predecessor that was killed may have prepared backends that it never published.</summary>
    private void ReleaseOtherBackends(HashSet<uint> used)
    {
        for (uint index = 0; index < _maps.Backends.Length; index++)
        {
            ref ulong state = ref _maps.Backends[index].State;
            if (state >> 32 != 0 && !used.Contains(index))
            {
                Volatile.Write(ref state, BackendEntry.GenerationOf(state) + 1u);
            }
        }

        // All of it was looked at, little of it is used.
        _maps.Backends.Trim();
    }
}
