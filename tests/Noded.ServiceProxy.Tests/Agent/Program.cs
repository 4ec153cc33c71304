using Xunit.MicrosoftTestingPlatform;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>The test program, which is also the client and the servers inside a sandbox when it is called so.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is ["agent", ..]
        ? SocketAgent.RunAsync(Console.In, Console.Out)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
}
