using System.Text.Json;

namespace Noded.Conformance.Tests.Cni;

/// <summary>What a plugin answered.</summary>
/// <param name="Output">Standard output as it came.</param>
internal sealed record CniOutcome(int ExitCode, string Output, string Errors)
{
    /// <summary>The success or error object; fails when there is none.</summary>
    internal JsonElement Document => JsonDocument.Parse(Output).RootElement;

    internal int Code => Document.GetProperty("code").GetInt32();

    internal string Message => Document.GetProperty("msg").GetString()!;

    /// <summary>The addresses with their prefix lengths, in order.</summary>
    internal string[] Addresses =>
        [.. Document.GetProperty("ips").EnumerateArray().Select(ip => ip.GetProperty("address").GetString()!)];

    internal CniOutcome OrThrow() => ExitCode == 0
        ? this
        : throw new IOException($"The plugin failed with {ExitCode}: {Output} {Errors}");
}
