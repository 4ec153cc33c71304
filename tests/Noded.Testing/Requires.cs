using Xunit;

namespace Noded.Testing;

/// <summary>What a test needs from the machine; a test that lacks it is skipped with the missing thing named.</summary>
public static class Requires
{
    public static void Root() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root.");

    /// <summary>Skips unless every program is on the PATH.</summary>
    public static void Program(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Assert.SkipUnless(TestPrograms.TryFind(name) is not null, $"Needs the program {name}.");
        }
    }
}
