using System.CommandLine;
using Noded.Composition;

namespace Noded.Commands;

/// <summary><c>noded version</c>.</summary>
internal static class VersionCommand
{
    internal static Command Create()
    {
        Command command = new("version", "Print the version of this binary");
        command.SetAction(_ => Console.WriteLine($"noded {NodeComposition.Version}"));
        return command;
    }
}
