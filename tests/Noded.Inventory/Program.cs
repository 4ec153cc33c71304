using System.Collections.Immutable;
using Noded.Testing;

// Tells what changed on the machine between two moments; `make stop` proves with it that a node leaves nothing behind.
using CancellationTokenSource cancellation = new();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    cancellation.Cancel();
};

switch (args)
{
    case ["take", string file]:
        await (await MachineInventory.TakeAsync(cancellation.Token)).SaveAsync(file, cancellation.Token);
        return 0;

    case ["diff", string file]:
        MachineInventory before = await MachineInventory.LoadAsync(file, cancellation.Token);
        MachineInventory now = await MachineInventory.TakeAsync(cancellation.Token);
        ImmutableArray<string> lines = MachineInventory.Diff(before, now);

        foreach (string line in lines)
        {
            Console.WriteLine(line);
        }

        return lines.IsEmpty ? 0 : 1;

    default:
        await Console.Error.WriteLineAsync("usage: Noded.Inventory take FILE | diff FILE");
        return 2;
}
