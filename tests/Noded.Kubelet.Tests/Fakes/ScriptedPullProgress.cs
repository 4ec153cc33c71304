using Noded.Kubelet.Images;

namespace Noded.Kubelet.Tests.Fakes;

/// <summary>Says of every pull what the test says.</summary>
internal sealed class ScriptedPullProgress : IPullProgress
{
    /// <summary>Null for nobody who can tell.</summary>
    public PullProgress? Now { get; set; }

    /// <summary>How often it was asked.</summary>
    public int Reads { get; private set; }

    public Task<PullProgress?> TryReadAsync(string image, CancellationToken cancellationToken)
    {
        Reads++;
        return Task.FromResult(Now);
    }
}
