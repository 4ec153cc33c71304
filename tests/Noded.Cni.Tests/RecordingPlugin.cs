using Noded.Cni.Results;

namespace Noded.Cni.Tests;

/// <summary>Remembers what it was asked for and answers as it is told to.</summary>
internal sealed class RecordingPlugin : ICniPlugin
{
    internal List<(string Verb, CniRequest Request)> Calls { get; } = [];

    internal Func<CniRequest, CniResult> Answer { get; init; } = _ => new CniResult();

    public CniResult Add(CniRequest request)
    {
        Calls.Add(("ADD", request));
        return Answer(request);
    }

    public void Del(CniRequest request) => Calls.Add(("DEL", request));

    public void Check(CniRequest request) => Calls.Add(("CHECK", request));

    public void Gc(CniRequest request) => Calls.Add(("GC", request));

    public void Status(CniRequest request) => Calls.Add(("STATUS", request));
}
