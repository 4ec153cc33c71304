using Noded.Testing;

namespace Noded.Benchmarks.Reports;

/// <summary>Where the figures were taken: absolute times do not travel.</summary>
internal sealed record Machine(int Cores, string Kernel, string Containerd)
{
    internal static async Task<Machine> ReadAsync(CancellationToken cancellationToken)
    {
        string kernel = await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellationToken);
        ProgramResult version = (await ChildProcess.RunAsync("containerd", ["--version"], cancellationToken)).OrThrow();

        // "containerd github.com/containerd/containerd 1.6.20~ds1 ..."
        return new Machine(Environment.ProcessorCount, kernel.Trim(), version.Output.Split(' ')[2].Trim());
    }
}
