using System.Collections.Immutable;
using Noded.Api.Services;
using Noded.ServiceProxy.Inspection;

namespace Noded.ServiceProxy.Reconciler;

/// <summary>What the loop that owns the data path's state is given to do.</summary>
internal abstract record ProxyWork
{
    private ProxyWork()
    {
    }

    /// <summary>A source says that something has changed.</summary>
    public sealed record News(string Source, ServiceSourceChange Change) : ProxyWork;

    /// <summary>Somebody wants to see the Services.</summary>
    public sealed record Question : ProxyWork
    {
        public TaskCompletionSource<ImmutableArray<ServiceView>> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
