namespace Noded.Testing;

/// <summary>Which calls of a <see cref="GrpcFaultProxy"/> suffer what.</summary>
public sealed class GrpcFaultRule
{
    private readonly string _pattern;
    private readonly Func<GrpcCall, bool> _applies;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal GrpcFaultRule(string pattern, GrpcFault fault, Func<GrpcCall, bool> applies)
    {
        _pattern = pattern;
        _applies = applies;
        Fault = fault;
    }

    public GrpcFault Fault { get; }

    internal Task Released => _released.Task;

    /// <summary>Lets go of the calls that this rule holds or hangs, and of those it will match later.</summary>
    public void Release() => _released.TrySetResult();

    internal bool Matches(GrpcCall call) => MatchesMethod(_pattern, call.Method) && _applies(call);

    /// <summary>A pattern is a full method, or a prefix followed by <c>*</c>.</summary>
    internal static bool MatchesMethod(string pattern, string method) => pattern.EndsWith('*')
        ? method.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : method == pattern;
}
