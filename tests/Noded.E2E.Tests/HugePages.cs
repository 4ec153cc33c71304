using System.Globalization;

namespace Noded.E2E.Tests;

/// <summary>Huge pages of 2 MiB that the machine keeps apart while this exists.</summary>
internal sealed class HugePages : IDisposable
{
    private const string File = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    private readonly long _before;

    private HugePages(long before) => _before = before;

    /// <summary>Skips the test on a machine that has none or cannot spare them.</summary>
    internal static HugePages Reserve(long count)
    {
        Assert.SkipUnless(System.IO.File.Exists(File), "This kernel has no huge pages of 2 MiB.");
        HugePages pages = new(Read());
        Write(pages._before + count);
        if (Read() < pages._before + count)
        {
            pages.Dispose();
            Assert.Skip($"The machine cannot spare {count} huge pages.");
        }

        return pages;
    }

    public void Dispose() => Write(_before);

    private static long Read() => long.Parse(System.IO.File.ReadAllText(File), CultureInfo.InvariantCulture);

    private static void Write(long count) =>
        System.IO.File.WriteAllText(File, count.ToString(CultureInfo.InvariantCulture));
}
