using Noded.Bpf;
using Noded.ServiceProxy.Datapath;

namespace Noded.ServiceProxy.Tests.Agent;

/// <summary>
/// Changes the endpoints of a Service again and again, each time another one of them leaves and one comes; what a
/// rolling update does, without the pauses.
/// </summary>
internal static class ListChurn
{
    internal const string Service = "10.96.0.1:80";
    internal const int Backends = 10;

    // Of so many that serve.
    internal const int Servers = 14;

    internal static string Server(int number) => $"127.0.0.{number + 2}:8001";

    internal static void Step(ServiceTables tables, int step) => tables.Apply(Plans.Of(
        "web", Service, Enumerable.Range(step, Backends).Select(number => Server(number % Servers))));

    /// <summary>As a daemon does it: takes over what is pinned, then goes on.</summary>
    internal static void Run(string pins, int steps)
    {
        using SocketDatapath datapath = SocketDatapath.Open(pins, ProxySandbox.SmallOptions);
        using GraceBarrier barrier = new();
        ServiceTables tables = new(datapath.Maps, barrier.Wait);
        for (int step = 0; step < steps; step++)
        {
            Step(tables, step);
            if (step % 16 == 0)
            {
                // Services come and go beside it.
                tables.Apply(Plans.Of($"other-{step % 7}", $"10.97.0.{step % 7}:80", Server(0)));
                tables.Remove(Plans.Port($"other-{(step + 16) % 7}", $"10.97.0.{(step + 16) % 7}:80").Name);
            }
        }
    }
}
