using System.Text;
using Google.Protobuf.WellKnownTypes;
using Noded.Kubelet.Images;
using Noded.Protocols.Containerd.Content.V1;
using Ingest = Noded.Protocols.Containerd.Content.V1.Status;

namespace Noded.Kubelet.Tests.Images;

/// <summary>What follows from the content store's answers; a real store's are those of the test with a registry.</summary>
public sealed class ContainerdPullProgressTests
{
    [Fact]
    public void FindManifest_SeveralTags_IsTheOneThatIsBeingFetched()
    {
        Info[] blobs =
        [
            Manifest("sha256:old", 1, "sha256:a", "sha256:b"), Manifest("sha256:new", 2, "sha256:a", "sha256:c"), Blob("sha256:a", 10),
        ];

        Assert.Equal("sha256:new", ContainerdPullProgress.FindManifest(blobs, [AnIngest("layer-sha256:c", 1)])?.Digest);
        Assert.Equal("sha256:old", ContainerdPullProgress.FindManifest(blobs, [AnIngest("layer-sha256:b", 1)])?.Digest);
        Assert.Equal("sha256:new", ContainerdPullProgress.FindManifest(blobs, [AnIngest("layer-sha256:a", 1)])?.Digest);
    }

    [Fact]
    public void FindManifest_NothingOfTheImageComes_IsNone() => Assert.Null(
        ContainerdPullProgress.FindManifest([Manifest("sha256:m", 1, "sha256:a")], [AnIngest("layer-sha256:z", 1), AnIngest("sha256:a", 1)]));

    [Fact]
    public void Sum_LayersWholePartlyAndNotBegun_CountsEach()
    {
        byte[] manifest = Encoding.UTF8.GetBytes("""
            {"config": {"digest": "sha256:config", "size": 7},
             "layers": [{"digest": "sha256:a", "size": 1000}, {"digest": "sha256:b", "size": 500},
                        {"digest": "sha256:c", "size": 90}, {"digest": "sha256:a", "size": 1000}]}
            """);

        PullProgress progress = ContainerdPullProgress.Sum(
            manifest, [Blob("sha256:a", 1000), Blob("sha256:config", 7)], [AnIngest("layer-sha256:b", 123)]);

        Assert.Equal(new PullProgress(1130, 1597), progress);
    }

    private static Ingest AnIngest(string reference, long offset) => new() { Ref = reference, Offset = offset };

    private static Info Blob(string digest, long size) => new() { Digest = digest, Size = size };

    private static Info Manifest(string digest, int second, params string[] layers)
    {
        Info manifest = Blob(digest, 100);
        manifest.CreatedAt = new Timestamp { Seconds = second };
        for (int i = 0; i < layers.Length; i++)
        {
            manifest.Labels[$"containerd.io/gc.ref.content.l.{i}"] = layers[i];
        }

        return manifest;
    }
}
