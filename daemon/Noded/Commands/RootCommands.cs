using System.CommandLine;

namespace Noded.Commands;

/// <summary>All verbs of the binary; a new one is one line here and its file beside this one.</summary>
internal static class RootCommands
{
    internal static RootCommand Create() => new("noded turns this Linux machine into a Kubernetes node.")
    {
        RunCommand.Create(),
        StatusCommand.Create(),
        PodsCommand.Create(),
        LogsCommand.Create(),
        ExecCommand.Create(),
        EventsCommand.Create(),
        TimelineCommand.Create(),
        ServicesCommand.Create(),
        FlowsCommand.Create(),
        WaitIdleCommand.Create(),
        ApiServerCommand.Create(),
        ImagesCommand.Create(),
        CniCommand.Create(),
        ResetCommand.Create(),
        VersionCommand.Create(),
    };
}
