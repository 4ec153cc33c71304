using Noded.Kubelet.Logs;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Pods;

/// <summary>The files of logs in a pod's life.</summary>
public sealed class PodLogsTests
{
    [Fact]
    public async Task Start_Container_HasALinkToItsLogUntilThePodIsGone()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        string links = Path.Combine(harness.Root, "var/log/containers");

        await harness.DesireAsync(SamplePods.APod());

        FileInfo link = new(Assert.Single(Directory.GetFileSystemEntries(links)));
        Assert.Equal($"web_default_app-{harness.Runtime.Running("app")}.log", link.Name);
        Assert.Equal(Path.Combine(harness.Root, "var/log/pods/default_web_u1/app/0.log"), link.LinkTarget);

        await harness.DesireAsync();

        Assert.Empty(Directory.GetFileSystemEntries(links));
    }

    [Fact]
    public async Task Restart_AgainAndAgain_KeepsTheLogsOfTheLastEndOnly()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        await harness.DesireAsync(SamplePods.APod());
        string directory = Path.Combine(harness.Root, "var/log/pods/default_web_u1/app");

        for (int attempt = 0; attempt < 3; attempt++)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, $"{attempt}.log"), "1", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(directory, $"{attempt}.log.20260101-000000.gz"), "1", TestContext.Current.CancellationToken);
            await harness.ExitAsync("app", 1);
            await harness.AdvanceAsync(TimeSpan.FromMinutes(5));
        }

        // One that runs and one that has ended, as upstream keeps them.
        Assert.Equal([3u, 2u], harness.Runtime.Containers.Select(container => container.Attempt).OrderDescending());
        Assert.Equal(
            ["2.log", "2.log.20260101-000000.gz"],
            Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.Combine(harness.Root, "var/log/containers")).Length);
    }

    [Fact]
    public async Task Sync_ByTheNextDaemon_RemovesLogsOfContainersThatAreGone()
    {
        await using KubeletHarness harness = new KubeletHarness().Start();
        string directory = Path.Combine(harness.Root, "var/log/pods/default_web_u1/app");
        Directory.CreateDirectory(directory);
        foreach (string name in (string[])["0.log", "0.log.20260101-000000.tmp", "10.log", "7.log.20260101-000000.gz"])
        {
            await File.WriteAllTextAsync(Path.Combine(directory, name), "1", TestContext.Current.CancellationToken);
        }

        await harness.DesireAsync(SamplePods.APod());

        // The next one counts on from what has logged.
        Assert.Equal(11u, Assert.Single(harness.Runtime.Containers).Attempt);
        Assert.Empty(Directory.GetFiles(directory));
    }

    [Fact]
    public void Sweep_Links_LeavesThoseOfOthersAndThoseThatLeadSomewhere()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("nd-");
        try
        {
            string logs = Path.Combine(root.FullName, "pods");
            string links = Directory.CreateDirectory(Path.Combine(root.FullName, "containers")).FullName;
            Directory.CreateDirectory(logs);
            File.WriteAllText(Path.Combine(logs, "there"), "1");
            File.CreateSymbolicLink(Path.Combine(links, "good"), Path.Combine(logs, "there"));
            File.CreateSymbolicLink(Path.Combine(links, "dangling"), Path.Combine(logs, "gone"));
            File.CreateSymbolicLink(Path.Combine(links, "other"), "/elsewhere/gone");

            LogLinks.Sweep(links, logs);

            Assert.Equal(["good", "other"], Directory.GetFileSystemEntries(links).Select(path => Path.GetFileName(path)).Order());
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void NameOf_LongNames_IsAsLongAsAFileMayBe()
    {
        NamespacedName pod = new(new string('n', 63), new string('p', 253));

        string name = LogLinks.NameOf(pod, "app", new string('f', 64));

        Assert.Equal((255, true), (name.Length, name.EndsWith(".log", StringComparison.Ordinal)));
    }
}
