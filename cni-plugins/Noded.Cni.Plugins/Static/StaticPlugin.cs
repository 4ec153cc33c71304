using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Plugins.Static;

/// <summary>Gives out the addresses that the configuration or the runtime names; it keeps no books.</summary>
internal sealed class StaticPlugin : ICniPlugin
{
    public CniResult Add(CniRequest request) => StaticReader.Read(request);

    public void Del(CniRequest request)
    {
        // Nothing was recorded.
    }

    public void Check(CniRequest request)
    {
        HashSet<IPPrefix> present = [.. (request.RequirePreviousResult().Ips ?? []).Select(address => address.Address)];

        foreach (CniAddress wish in StaticReader.Read(request).Ips!)
        {
            if (!present.Contains(wish.Address))
            {
                throw new CniException(
                    CniErrorCode.CheckFailed, $"static: Failed to find address {wish.Address} in the previous result");
            }
        }
    }

    public void Gc(CniRequest request)
    {
        // Nothing was recorded.
    }

    public void Status(CniRequest request) => StaticReader.Read(request);
}
