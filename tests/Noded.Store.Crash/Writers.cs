using System.Text;

namespace Noded.Store.Crash;

/// <summary>Some who write at once until the process is killed.</summary>
internal static class Writers
{
    public static Task RunAsync(IStore store, Report report, int writers, bool compacts) =>
        Task.WhenAll(Enumerable.Range(0, writers).Select(writer => WriteAsync(store, report, writer, compacts)));

    private static async Task WriteAsync(IStore store, Report report, int writer, bool compacts)
    {
        string key = $"/w/{writer}";
        RangeResult begin = await store.RangeAsync(new(key, null), CancellationToken.None);
        long revision = begin.KeyValues.FirstOrDefault()?.ModRevision ?? 0;

        for (int i = 0; ; i++)
        {
            // A value of some pages now and then, so that a kill meets transactions of every size.
            string value = $"{writer}.{i}." + new string('x', i % 10 == 0 ? 20_000 : 200);
            TransactionResult result = await store.CommitAsync(
                new([new(key, revision)], [new Change.Put(key, Encoding.UTF8.GetBytes(value))]), CancellationToken.None);

            if (!result.Succeeded)
            {
                throw new InvalidOperationException($"{key} was changed by somebody else.");
            }

            revision = result.Revision;
            report.Line($"{key} {revision} {value.Length} {value[..value.IndexOf('x', StringComparison.Ordinal)]}");

            if (compacts && writer == 0 && i % 20 == 19)
            {
                await store.CompactAsync(revision, CancellationToken.None);
            }
        }
    }
}
