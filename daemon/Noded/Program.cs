using System.CommandLine;
using Noded.Cni.Plugins;
using Noded.Commands;

// First of all: a runtime calls a CNI plugin for every pod and waits for it.
string name = Environment.GetCommandLineArgs()[0];
if (CniMain.TryRun(name) is { } exitCode)
{
    return exitCode;
}

RootCommand root = RootCommands.Create();
return Path.GetFileName(name) == ApiServerCommand.ProgramName
    ? await root.Parse(["apiserver", .. args]).InvokeAsync()
    : await root.Parse(args).InvokeAsync();
