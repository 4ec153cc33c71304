using Grpc.Core;
using Noded.Kubelet.Images;
using Noded.Oci;
using Noded.Protocols.Containerd.Content.V1;
using Noded.Protocols.Containerd.Images.V1;
using Noded.Protocols.Containerd.Leases.V1;
using Noded.Testing;
using ImagesClient = Noded.Protocols.Containerd.Images.V1.Images.ImagesClient;

namespace Noded.Kubelet.Tests.Images;

[Trait("Category", "Integration")]
public sealed class ContainerdImageImporterTests
{
    private static readonly Metadata CriNamespace = new() { { "containerd-namespace", "k8s.io" } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ImportAsync_PinnedImage_IsCompleteAndManagedByCri()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);

        await ImportAsync(containerd, built.Pause, pinned: true);

        ProgramResult check = (await containerd.CtrAsync(Token, "images", "check")).OrThrow();
        Image record = await GetAsync(containerd, "noded.internal/pause:1");
        Assert.Contains("complete (2/2)", check.Output, StringComparison.Ordinal);
        Image byId = await GetAsync(containerd, built.Pause.Config.Digest.ToString());
        Assert.Equal(built.Pause.Manifest.Digest.ToString(), record.Target.Digest);
        Assert.Equal(record.Target, byId.Target);
        Assert.Equal(record.Labels, byId.Labels);
        Assert.Equal("managed", record.Labels["io.cri-containerd.image"]);
        Assert.Equal("pinned", record.Labels["io.cri-containerd.pinned"]);
    }

    [Fact]
    public async Task ImportAsync_Twice_LeavesTheFirstPinAndNoLease()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);

        await ImportAsync(containerd, built.Pause, pinned: true);
        await ImportAsync(containerd, built.Pause, pinned: false);

        Image record = await GetAsync(containerd, "noded.internal/pause:1");
        ListResponse leases = await new Leases.LeasesClient(containerd.Channel)
            .ListAsync(new ListRequest(), CriNamespace, cancellationToken: Token);
        Assert.Equal("pinned", record.Labels["io.cri-containerd.pinned"]);
        Assert.Empty(leases.Leases);
    }

    [Fact]
    public async Task ImportAsync_AnotherImageUnderTheName_ReplacesIt()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);

        await ImportAsync(containerd, built.Pause, pinned: false);
        await ImportAsync(containerd, built.TestImage with { Reference = built.Pause.Reference }, pinned: false);

        Image record = await GetAsync(containerd, "noded.internal/pause:1");
        Assert.Equal(built.TestImage.Manifest.Digest.ToString(), record.Target.Digest);
    }

    [Fact]
    public async Task ImportAsync_CollectedAfterwards_KeepsEveryBlob()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);
        await ImportAsync(containerd, built.TestImage, pinned: false);

        // Deleting anything synchronously waits for a whole collection.
        await ImportAsync(containerd, built.Pause, pinned: false);
        string id = built.Pause.Config.Digest.ToString();
        (await containerd.CtrAsync(Token, "images", "rm", "--sync", "noded.internal/pause:1", id)).OrThrow();

        ProgramResult check = (await containerd.CtrAsync(Token, "images", "check")).OrThrow();
        ProgramResult blobs = (await containerd.CtrAsync(Token, "content", "ls", "-q")).OrThrow();
        Assert.Contains("complete (2/2)", check.Output, StringComparison.Ordinal);
        Assert.Equal(
            built.TestImage.Descriptors.Select(blob => blob.Digest.ToString()).Order(StringComparer.Ordinal),
            blobs.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ImportAsync_WriteLeftByAKilledDaemon_IsContinued()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);
        await WriteHalfAsync(containerd, built.TestImage, built.TestImage.Layers[0]);

        await ImportAsync(containerd, built.TestImage, pinned: false);

        ProgramResult check = (await containerd.CtrAsync(Token, "images", "check")).OrThrow();
        Assert.Contains("complete (2/2)", check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImportAsync_BlobThatIsNotItsDigest_IsRefusedAndLeavesNoImage()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);
        string blob = ((BlobDirectory)built.Pause.Blobs).PathOf(built.Pause.Layers[0].Digest);
        byte[] content = await File.ReadAllBytesAsync(blob, Token);
        content[^1] ^= 1;
        await File.WriteAllBytesAsync(blob, content, Token);

        IOException e = await Assert.ThrowsAsync<IOException>(
            () => ImportAsync(containerd, built.Pause, pinned: false));

        ProgramResult images = (await containerd.CtrAsync(Token, "images", "ls", "-q")).OrThrow();
        ProgramResult writes = (await containerd.CtrAsync(Token, "content", "active")).OrThrow();
        Assert.Contains("noded.internal/pause:1", e.Message, StringComparison.Ordinal);
        Assert.Empty(images.Output.Trim());
        Assert.DoesNotContain("noded-import", writes.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImportAsync_ImportedImages_Run()
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);
        await ImportAsync(containerd, built.Pause, pinned: true);
        await ImportAsync(containerd, built.TestImage, pinned: false);

        ProgramResult pause = await RunAsync(containerd, "noded.internal/pause:1", "/pause", "-v");
        ProgramResult exit = await RunAsync(containerd, "noded.internal/testimage:1", "/testimage", "exit", "7");

        Assert.Equal("pause 1\n", pause.OrThrow().Output);
        Assert.Equal(7, exit.ExitCode);
    }

    [Theory]
    [InlineData("oci")]
    [InlineData("docker")]
    public async Task Write_Archive_IsTakenByCtr(string format)
    {
        await using ContainerdInstance containerd = await ContainerdInstance.StartAsync(Token);
        BuiltImages built = await BuiltImages.BuildAsync(containerd.Directory, Token);
        string path = Path.Combine(containerd.Directory, "image.tar");

        await using (FileStream file = File.Create(path))
        {
            if (format == "oci")
            {
                OciLayoutWriter.WriteArchive([built.TestImage], file, Token);
            }
            else
            {
                DockerArchiveWriter.Write([built.TestImage], file, Token);
            }
        }

        (await containerd.CtrAsync(Token, "images", "import", path)).OrThrow();
        ProgramResult exit = await RunAsync(containerd, "noded.internal/testimage:1", "/testimage", "exit", "7");

        Assert.Equal(7, exit.ExitCode);
    }

    private static Task ImportAsync(ContainerdInstance containerd, OciImage image, bool pinned) =>
        new ContainerdImageImporter(containerd.Channel.CreateCallInvoker(), TimeProvider.System)
            .ImportAsync(image, pinned, Token);

    private static async Task<Image> GetAsync(ContainerdInstance containerd, string name)
    {
        GetImageRequest request = new() { Name = name };
        return (await new ImagesClient(containerd.Channel).GetAsync(request, CriNamespace, cancellationToken: Token)).Image;
    }

    /// <summary>Runs a container whose cgroup, FIFOs and runtime state vanish with it.</summary>
    private static Task<ProgramResult> RunAsync(ContainerdInstance containerd, string image, params string[] command)
    {
        string id = $"nd-{Guid.NewGuid():N}";
        string[] places =
        [
            "--cgroup", $"{containerd.CgroupPrefix}/{id}",
            "--fifo-dir", Path.Combine(containerd.Directory, "fifo"),
            "--runc-root", Path.Combine(containerd.Directory, "runc"),
        ];
        return containerd.CtrAsync(Token, ["run", "--rm", "--net-host", .. places, image, id, .. command]);
    }

    /// <summary>What an importer that dies in the middle of a blob leaves behind.</summary>
    private static async Task WriteHalfAsync(ContainerdInstance containerd, OciImage image, Descriptor descriptor)
    {
        await using Stream blob = image.Open(descriptor);
        byte[] half = new byte[descriptor.Size / 2];
        await blob.ReadExactlyAsync(half, Token);

        using AsyncDuplexStreamingCall<WriteContentRequest, WriteContentResponse> call =
            new Content.ContentClient(containerd.Channel).Write(CriNamespace, cancellationToken: Token);
        await call.RequestStream.WriteAsync(
            new WriteContentRequest
            {
                Action = WriteAction.Write,
                Ref = $"noded-import-{descriptor.Digest}",
                Total = descriptor.Size,
                Expected = descriptor.Digest.ToString(),
                Data = Google.Protobuf.ByteString.CopyFrom(half),
            },
            Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        Assert.Equal(half.Length, call.ResponseStream.Current.Offset);
    }
}
