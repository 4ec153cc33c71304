using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Noded.Kubelet.Images;
using Noded.Kubelet.Runtime;
using Noded.Oci;
using Noded.Protocols.Cri.V1;
using Spectre.Console;
using Image = Noded.Protocols.Cri.V1.Image;

namespace Noded.Commands;

/// <summary><c>noded images</c>: build without a daemon, import and list without a registry.</summary>
internal static class ImagesCommand
{
    internal static Command Create() => new("images", "Build, import and list images; no registry is needed")
    {
        CreateBuild(),
        CreateImport(),
        CreateList(),
    };

    private static Command CreateBuild()
    {
        Argument<string> recipe = new("recipe") { Description = "JSON file that says which files of this machine make the image" };
        Option<string?> sources = new("--sources") { Description = "Directory of the recipe's relative paths; by default its own" };
        Option<string> file = new("--file", "-f") { Description = "The archive to write", Required = true };
        Option<string> format = new("--format") { Description = "oci or docker", DefaultValueFactory = _ => "oci" };
        format.AcceptOnlyFromAmong("oci", "docker");
        Command command = new("build", "Build an image archive from a recipe") { recipe, sources, file, format };
        command.SetAction((parsed, cancellationToken) => GuardAsync(() =>
        {
            DirectoryInfo scratch = Directory.CreateTempSubdirectory("noded-build-");
            try
            {
                ImageRecipe read = ImageRecipeFile.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(sources));
                OciImage image = ImageBuilder.Build(read, new BlobDirectory(scratch.FullName), cancellationToken);
                WriteArchive(image, parsed.GetRequiredValue(file), parsed.GetRequiredValue(format), cancellationToken);
                Console.WriteLine($"{image.Reference} {image.Manifest.Digest}");
                return Task.CompletedTask;
            }
            finally
            {
                scratch.Delete(recursive: true);
            }
        }));
        return command;
    }

    private static Command CreateImport()
    {
        Option<string> root = CommonOptions.Root();
        Option<bool> pin = new("--pin") { Description = "Never collect these images as garbage" };
        Argument<string> archive = new("archive") { Description = "OCI layout (directory or tar) or docker archive" };
        Command command = new("import", "Import images into this node's containerd") { root, pin, archive };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            DirectoryInfo scratch = Directory.CreateTempSubdirectory("noded-import-");
            try
            {
                using ImageArchive images = ImageArchive.Open(
                    parsed.GetRequiredValue(archive), scratch.FullName, cancellationToken: cancellationToken);
                using GrpcChannel channel = UnixSocketChannel.Open(parsed.Paths(root).ContainerdSocket);
                ContainerdImageImporter importer = new(channel.CreateCallInvoker(), TimeProvider.System);
                foreach (OciImage image in images.Images)
                {
                    await importer.ImportAsync(image, parsed.GetValue(pin), cancellationToken);
                    Console.WriteLine($"{image.Reference} {image.Manifest.Digest}");
                }
            }
            finally
            {
                scratch.Delete(recursive: true);
            }
        }));
        return command;
    }

    private static Command CreateList()
    {
        Option<string> root = CommonOptions.Root();
        Command command = new("list", "List the images that this node's pods can use") { root };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            using GrpcChannel channel = UnixSocketChannel.Open(parsed.Paths(root).ContainerdSocket);
            ListImagesResponse response = await new ImageService.ImageServiceClient(channel)
                .ListImagesAsync(new ListImagesRequest(), cancellationToken: cancellationToken);
            Table table = Screen.NewTable("IMAGE", "ID", "SIZE");
            foreach (Image image in response.Images)
            {
                foreach (string tag in image.RepoTags.DefaultIfEmpty("<none>"))
                {
                    table.AddTextRow(tag, image.Id, string.Create(CultureInfo.InvariantCulture, $"{image.Size / 1024.0:0.#}KiB"));
                }
            }

            Screen.Write(table);
        }));
        return command;
    }

    private static void WriteArchive(OciImage image, string file, string format, CancellationToken cancellationToken)
    {
        using FileStream archive = File.Create(file);
        if (format == "docker")
        {
            DockerArchiveWriter.Write([image], archive, cancellationToken);
        }
        else
        {
            OciLayoutWriter.WriteArchive([image], archive, cancellationToken);
        }
    }

    /// <summary>What goes wrong becomes one line and exit code 1.</summary>
    private static async Task<int> GuardAsync(Func<Task> act)
    {
        try
        {
            await act();
            return 0;
        }
        catch (RpcException e)
        {
            await Console.Error.WriteLineAsync($"containerd: {e.Status.Detail}");
            return 1;
        }
        catch (Exception e) when (e is IOException or ImageFormatException or RecipeException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }
}
