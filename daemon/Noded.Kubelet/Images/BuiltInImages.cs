using System.Collections.Immutable;
using Grpc.Core;
using Noded.Oci;
using Noded.Primitives;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Images;

/// <summary>Images that are part of the binary: a node needs no registry for them.</summary>
public static class BuiltInImages
{
    /// <summary>The sandbox image: our own pause, packaging/images/pause.</summary>
    public const string PauseReference = "noded.internal/pause:1";

    private const string PauseResource = "pause";
    private const int Nobody = 65535;

    /// <summary>Imports the pause image unless the runtime has it.</summary>
    /// <exception cref="IOException">containerd refused it.</exception>
    public static async Task EnsurePauseAsync(
        CallInvoker invoker, FlightRecorder flight, TimeProvider clock, CancellationToken cancellationToken)
    {
        ImageStatusResponse present = await new ImageService.ImageServiceClient(invoker).ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = PauseReference } },
            cancellationToken: cancellationToken);
        if (present.Image is not null)
        {
            return;
        }

        DirectoryInfo scratch = Directory.CreateTempSubdirectory("noded-pause-");
        try
        {
            OciImage image = ImageBuilder.Build(PauseRecipe(), new BlobDirectory(scratch.FullName), cancellationToken);
            await new ContainerdImageImporter(invoker, clock).ImportAsync(image, pinned: true, cancellationToken);
            flight.Record(FlightEntryKind.Acted, "containerd", $"imported {PauseReference}");
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static ImageRecipe PauseRecipe() => new()
    {
        Reference = ImageReference.Parse(PauseReference),
        Config = new ImageConfig { Entrypoint = ["/pause"], User = $"{Nobody}:{Nobody}" },
        Layers =
        [
            ImmutableArray.Create<LayerEntry>(new LayerEntry.InlineFile("/pause", ReadPause())
            {
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                    | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherRead | UnixFileMode.OtherExecute,
            }),
        ],
    };

    private static byte[] ReadPause()
    {
        using Stream resource = typeof(BuiltInImages).Assembly.GetManifestResourceStream(PauseResource)!; // always built in
        byte[] program = new byte[resource.Length];
        resource.ReadExactly(program);
        return program;
    }
}
