using Noded.Oci;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Images;

/// <summary>The images of this repository, built from their sources.</summary>
internal sealed record BuiltImages(OciImage Pause, OciImage TestImage)
{
    public static async Task<BuiltImages> BuildAsync(string directory, CancellationToken cancellationToken)
    {
        string programs = await MakeProgramsAsync(directory, cancellationToken);
        BlobDirectory blobs = new(Path.Combine(directory, "layout"));

        return new BuiltImages(
            Build("packaging/images/pause/pause.json"),
            Build("tests/images/testimage/testimage.json"));

        OciImage Build(string recipe) => ImageBuilder.Build(
            ImageRecipeFile.Load(Path.Combine(RepositoryRoot.Find(), recipe), programs),
            blobs,
            cancellationToken);
    }

    /// <summary>Compiles the programs and returns the directory they are in.</summary>
    public static async Task<string> MakeProgramsAsync(string directory, CancellationToken cancellationToken)
    {
        Requires.Program("make", "musl-gcc");
        string programs = Path.Combine(directory, "programs");
        string makefile = Path.Combine(RepositoryRoot.Find(), "packaging/images");
        (await ChildProcess.RunAsync("make", ["-C", makefile, $"OUT={programs}"], cancellationToken)).OrThrow();
        return programs;
    }
}
