using Noded.Linux.Processes;
using Noded.Testing;

namespace Noded.Linux.Tests.Processes;

public sealed class CapabilitiesTests
{
    [Fact]
    public void Has_CapabilityThatNoKernelKnows_IsFalse() => Assert.False(Capabilities.Has(63));

    [Theory]
    [Trait("Category", "Integration")]
    [InlineData(12, "net_admin")]
    [InlineData(21, "sys_admin")]
    [InlineData(Capabilities.SysResource, "sys_resource")]
    public async Task Has_EachCapability_IsAsInTheBoundingSetOfRoot(int capability, string name)
    {
        // root gets on exec whatever the bounding set leaves.
        Requires.Root();
        Requires.Program("setpriv");
        ProgramResult dump =
            (await ChildProcess.RunAsync("setpriv", ["--dump"], TestContext.Current.CancellationToken)).OrThrow();
        string bounding =
            dump.Output.Split('\n').Single(line => line.StartsWith("Capability bounding set: ", StringComparison.Ordinal));

        Assert.Equal(bounding.Split(' ', ',').Contains(name), Capabilities.Has(capability));
    }
}
