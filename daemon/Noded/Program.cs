using Noded.Cni.Plugins;
using Noded.Commands;

// First of all: a runtime calls a CNI plugin for every pod and waits for it.
return CniMain.TryRun(Environment.GetCommandLineArgs()[0]) ?? await RootCommands.Create().Parse(args).InvokeAsync();
