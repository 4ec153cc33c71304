using System.Collections.Immutable;
using System.Globalization;

namespace Noded.Oci.Recipes;

/// <summary>Turns the document of a recipe file into a recipe; every complaint names the file and the JSON path.</summary>
internal sealed class RecipeReader(string file, string sourceDirectory)
{
    public ImageRecipe Read(RecipeDocument document)
    {
        string reference = document.Reference ?? throw Complain("$.reference", "is missing");
        DateTimeOffset created = document.Created ?? DateTimeOffset.UnixEpoch;

        if (created < DateTimeOffset.UnixEpoch || created.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw Complain("$.created", "is not a whole second from 1970 on");
        }

        return new ImageRecipe
        {
            Reference = ImageReference.TryParse(reference, out ImageReference? parsed)
                ? parsed
                : throw Complain("$.reference", $"'{reference}' is not an image reference"),
            Platform = new Platform(
                document.Platform?.Os ?? Platform.Host.Os,
                document.Platform?.Architecture ?? Platform.Host.Architecture),
            Created = created,
            Config = ReadConfig(document.Config ?? new ConfigPart()),
            Layers = ReadLayers(document.Layers ?? throw Complain("$.layers", "is missing")),
        };
    }

    private ImageConfig ReadConfig(ConfigPart part)
    {
        ImmutableArray<string> environment = ReadList(part.Env, "$.config.env");
        ImmutableArray<string> ports = ReadList(part.ExposedPorts, "$.config.exposedPorts");
        string workingDirectory = part.WorkingDir ?? "";

        RequireEach(environment, "$.config.env", "is not NAME=value", text => text.IndexOf('=') > 0);
        RequireEach(ports, "$.config.exposedPorts", "is not PORT/tcp, PORT/udp or PORT/sctp", IsPort);

        if (workingDirectory.Length > 0 && !workingDirectory.StartsWith('/'))
        {
            throw Complain("$.config.workingDir", $"'{workingDirectory}' is not absolute");
        }

        return new ImageConfig
        {
            User = part.User ?? "",
            Entrypoint = ReadList(part.Entrypoint, "$.config.entrypoint"),
            Command = ReadList(part.Cmd, "$.config.cmd"),
            Environment = environment,
            WorkingDirectory = workingDirectory,
            Labels = (part.Labels ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
            ExposedPorts = ports,
            StopSignal = part.StopSignal ?? "",
        };
    }

    private ImmutableArray<ImmutableArray<LayerEntry>> ReadLayers(List<LayerPart> layers)
    {
        ImmutableArray<ImmutableArray<LayerEntry>>.Builder result = ImmutableArray.CreateBuilder<ImmutableArray<LayerEntry>>();

        for (int layer = 0; layer < layers.Count; layer++)
        {
            string field = $"$.layers[{layer}].entries";
            List<EntryPart> parts = layers[layer]?.Entries ?? throw Complain(field, "is missing");
            RecipeEntryReader entries = new(file, sourceDirectory);
            result.Add([.. parts.SelectMany((part, index) => entries.Read(part, $"{field}[{index}]"))]);
        }

        return result.DrainToImmutable();
    }

    private ImmutableArray<string> ReadList(List<string>? list, string field)
    {
        ImmutableArray<string> items = [.. list ?? []];
        RequireEach(items, field, "is null", text => text is not null);
        return items;
    }

    private void RequireEach(ImmutableArray<string> items, string field, string problem, Func<string, bool> isValid)
    {
        for (int index = 0; index < items.Length; index++)
        {
            if (!isValid(items[index]))
            {
                throw Complain($"{field}[{index}]", $"'{items[index]}' {problem}");
            }
        }
    }

    private static bool IsPort(string text) =>
        text.Split('/') is [string number, "tcp" or "udp" or "sctp"]
        && ushort.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
        && port > 0;

    private RecipeException Complain(string field, string problem) => new(file, field, problem);
}
