namespace Noded.Store.Crash;

/// <summary>Writes until the disk is full, makes room, and writes again.</summary>
internal static class DiskFiller
{
    private const int Bytes = 10_000;

    public static async Task RunAsync(IStore store, Report report, string ballast)
    {
        int written = await FillAsync(store, report, from: 0);
        RangeResult read = await store.RangeAsync(RangeRequest.OfPrefix("/f/"), CancellationToken.None);
        report.Line($"full {written} {read.Count}");

        File.Delete(ballast);
        TransactionResult result = await store.CommitAsync(Put(written), CancellationToken.None);
        report.Line($"again {result.Succeeded}");
    }

    private static async Task<int> FillAsync(IStore store, Report report, int from)
    {
        for (int i = from; ; i++)
        {
            try
            {
                await store.CommitAsync(Put(i), CancellationToken.None);
            }
            catch (StoreUnavailableException e)
            {
                report.Line($"refused {e.NothingChanged} {e.Message.ReplaceLineEndings(" ")}");
                return i;
            }
        }
    }

    private static Transaction Put(int i) => Transaction.Create($"/f/{i:D6}", new byte[Bytes]);
}
