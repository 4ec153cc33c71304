using Noded.Commands;

return await RootCommands.Create().Parse(args).InvokeAsync();
