namespace Noded.Benchmarks.Proxy;

/// <param name="Connects">Of each kind and at each number of Services.</param>
/// <param name="Window">Of one load of requests.</param>
/// <param name="Changes">While connects run; 0 for as many as a minute takes.</param>
/// <param name="PeerLimit">For loading a peer's rules.</param>
/// <param name="Part">The only part to run; null for all.</param>
internal sealed record ProxyOptions(int Connects, TimeSpan Window, int Changes, TimeSpan PeerLimit, string? Part);
