using k8s.Models;
using Noded.Kubelet.Pods;

namespace Noded.Kubelet.Tests.Fakes;

/// <summary>The classes that a test names.</summary>
internal sealed class ScriptedRuntimeClasses : IRuntimeClasses
{
    private readonly Dictionary<string, V1RuntimeClass> _classes = [];

    public V1RuntimeClass? TryGet(string name) => _classes.GetValueOrDefault(name);

    public void Add(string name, string handler, Dictionary<string, ResourceQuantity>? overhead = null) =>
        _classes[name] = new V1RuntimeClass
        {
            Metadata = new V1ObjectMeta { Name = name },
            Handler = handler,
            Overhead = overhead is null ? null : new V1Overhead { PodFixed = overhead },
        };
}
