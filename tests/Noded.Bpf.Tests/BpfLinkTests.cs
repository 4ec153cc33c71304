using System.Net;
using System.Net.Sockets;
using Noded.Testing;

namespace Noded.Bpf.Tests;

/// <summary>Attachments to a cgroup of the sandbox, and pins in a bpf file system of the test's own.</summary>
[Trait("Category", "Integration")]
public sealed class BpfLinkTests : IAsyncLifetime
{
    private readonly string _pins = Directory.CreateTempSubdirectory("nd-bpf-").FullName;
    private NodeSandbox _sandbox = null!; // made before every test
    private string _cgroup = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        _sandbox = await NodeSandbox.CreateAsync(Token);
        _cgroup = Path.Combine("/sys/fs/cgroup/unified", _sandbox.CgroupPrefix);
        Assert.SkipUnless(Directory.Exists("/sys/fs/cgroup/unified"), "Needs cgroup2 at /sys/fs/cgroup/unified.");
        Directory.CreateDirectory(_cgroup);
        (await ChildProcess.RunAsync("mount", ["-t", "bpf", "bpf", _pins], Token)).OrThrow();
    }

    [Fact]
    public async Task AttachCgroup_ProgramThatRefuses_RefusesUntilItsLinkIsClosed()
    {
        using BpfObject sample = Samples.Load();
        using BpfProgram refuse = sample.Program("refuse_all");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();

        using (BpfLink.AttachCgroup(refuse, _cgroup, BpfAttachType.CgroupInet4Connect))
        {
            Assert.Contains("Operation not permitted", await ConnectAsync(listener), StringComparison.Ordinal);
        }

        Assert.Equal("", await ConnectAsync(listener));
    }

    [Fact]
    public async Task Pin_LinkClosed_HoldsUntilThePinIsGone()
    {
        using BpfObject sample = Samples.Load();
        using BpfProgram refuse = sample.Program("refuse_all");
        using BpfProgram allow = sample.Program("allow_all");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        string pin = Path.Combine(_pins, "connect4");
        using (BpfLink link = BpfLink.AttachCgroup(refuse, _cgroup, BpfAttachType.CgroupInet4Connect))
        {
            link.Pin(pin);
        }

        string pinned = await ConnectAsync(listener);
        using (BpfLink found = BpfLink.TryOpenPin(pin)!) // it was pinned
        {
            Assert.True(found.TryUpdate(allow));
        }

        string updated = await ConnectAsync(listener);

        Assert.Contains("Operation not permitted", pinned, StringComparison.Ordinal);
        Assert.Equal("", updated);
    }

    [Fact]
    public void TryOpenPin_NothingThere_IsNull()
    {
        Assert.Null(BpfLink.TryOpenPin(Path.Combine(_pins, "nothing")));
        Assert.Null(BpfMapHandle.TryOpenPin("nothing", Path.Combine(_pins, "nothing")));
    }

    [Fact]
    public void TryOpenPin_MapPinnedByAnObjectThatIsGone_HasItsContents()
    {
        string pin = Path.Combine(_pins, "sample_hash");
        using (BpfObject sample = Samples.Load())
        {
            BpfMapHandle map = sample.Map("sample_hash");
            map.Pin(pin);
            using BpfMap<SampleKey, ulong> typed = new(map);
            typed.Set(new SampleKey(1, 1), 11);
        }

        using BpfMap<SampleKey, ulong> found = new(BpfMapHandle.TryOpenPin("sample_hash", pin)!); // it was pinned

        Assert.True(found.TryGet(new SampleKey(1, 1), out ulong value));
        Assert.Equal(11ul, value);
    }

    [Fact]
    public void Pin_NotInABpfFileSystem_SaysWhatAndWhere()
    {
        using BpfObject sample = Samples.Load();
        using BpfMapHandle map = sample.Map("sample_hash");

        BpfException refusal = Assert.Throws<BpfException>(() => map.Pin("/tmp/nd-no-bpffs"));

        Assert.StartsWith("pin map sample_hash at /tmp/nd-no-bpffs: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AttachCgroup_NoSuchDirectory_NamesIt()
    {
        using BpfObject sample = Samples.Load();
        using BpfProgram allow = sample.Program("allow_all");

        BpfException refusal = Assert.Throws<BpfException>(
            () => BpfLink.AttachCgroup(allow, _cgroup + "/none", BpfAttachType.CgroupInet4Connect));

        Assert.StartsWith($"open {_cgroup}/none: No such file", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FeatureProbe_ThisKernel_AgreesWithItself()
    {
        Assert.True(FeatureProbe.HasSocketStorage());
        Version kernel = Environment.OSVersion.Version;
        Assert.Equal(kernel >= new Version(5, 18), FeatureProbe.HasSetReturnValue());
        Assert.Equal(kernel >= new Version(6, 6), FeatureProbe.HasTcx());
    }

    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync("umount", [_pins], CancellationToken.None);
        Directory.Delete(_pins);
        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }
    }

    /// <summary>What a shell in the cgroup says when it connects; nothing when it can.</summary>
    private async Task<string> ConnectAsync(TcpListener listener)
    {
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        ProgramResult result = await ChildProcess.RunAsync(
            "bash", ["-c", $"echo $$ > {_cgroup}/cgroup.procs; exec 3<>/dev/tcp/127.0.0.1/{port}"], Token);
        return result.Error;
    }
}
