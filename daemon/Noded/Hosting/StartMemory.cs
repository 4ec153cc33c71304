using Noded.Linux.Processes;
using Noded.Primitives;

namespace Noded.Hosting;

/// <summary>Gives back, once, what only the start has needed: most of an idle node's memory.</summary>
internal static class StartMemory
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    internal static async Task ReleaseAsync(FlightRecorder flight, TimeProvider clock, CancellationToken cancellationToken)
    {
        await Task.Delay(Settled, clock, cancellationToken);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            ProgramCode.Release();
        }
        catch (IOException e)
        {
            flight.Record(FlightEntryKind.Failed, "noded", e.Message);
        }
    }
}
