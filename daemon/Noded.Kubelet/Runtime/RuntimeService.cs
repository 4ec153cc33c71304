using Google.Protobuf;
using Grpc.Core;
using Noded.Protocols.Cri.V1;

namespace Noded.Kubelet.Runtime;

/// <summary>
/// The CRI v1 client. Generated types stay inside: one partial file per group of verbs maps them to our records.
/// </summary>
/// <param name="invoker">A channel to the runtime's socket.</param>
/// <param name="metrics">Counts and times every call under upstream's names.</param>
/// <param name="outOfMemory">Knows better than the runtime why a container was killed; null if nobody does.</param>
public sealed partial class RuntimeService(
    CallInvoker invoker,
    RuntimeMetrics metrics,
    TimeProvider clock,
    RuntimeOptions? options = null,
    OutOfMemoryKills? outOfMemory = null)
    : IRuntimeService, IImageService
{
    private readonly RuntimeOptions _options = options ?? RuntimeOptions.Default;
    private readonly Protocols.Cri.V1.RuntimeService.RuntimeServiceClient _runtime = new(invoker);
    private readonly ImageService.ImageServiceClient _images = new(invoker);

    private TimeSpan RequestTimeout => _options.RequestTimeout;

    public async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        VersionResponse version = await CallAsync(
            "version", "runtime", _runtime.VersionAsync, new VersionRequest(), RequestTimeout, cancellationToken);
        return $"{version.RuntimeName} {version.RuntimeVersion}";
    }

    public async Task<bool> SupportsRecursiveReadOnlyAsync(CancellationToken cancellationToken) =>
        await FeaturesAsync(string.Empty, cancellationToken) is { RecursiveReadOnlyMounts: true };

    public async Task<bool> SupportsUserNamespacesAsync(string handler, CancellationToken cancellationToken) =>
        await FeaturesAsync(handler, cancellationToken) is { UserNamespaces: true };

    public async Task<bool> SupportsSupplementalGroupsPolicyAsync(CancellationToken cancellationToken) =>
        (await StatusAsync(cancellationToken)).Features is { SupplementalGroupsPolicy: true };

    /// <summary>
    /// What a handler can do; the one without a name is that of pods without a runtime class. Runtimes before 2.0 name none.
    /// </summary>
    private async Task<RuntimeHandlerFeatures?> FeaturesAsync(string handler, CancellationToken cancellationToken)
    {
        StatusResponse status = await StatusAsync(cancellationToken);
        return status.RuntimeHandlers.FirstOrDefault(known => known.Name == handler)?.Features;
    }

    private Task<StatusResponse> StatusAsync(CancellationToken cancellationToken) => CallAsync(
        "status", "runtime", _runtime.StatusAsync, new StatusRequest(), RequestTimeout, cancellationToken);

    /// <summary>One unary call: deadline, metrics, and failures as <see cref="IOException"/> that name the object.</summary>
    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string operation,
        string target,
        Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> method,
        TRequest request,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
    {
        long start = clock.GetTimestamp();
        DateTime? deadline = timeout is { } limit ? clock.GetUtcNow().UtcDateTime + limit : null;

        // What a call may take beyond the usual is its own: a grace period, a command's time. Some have no limit.
        using IDisposable? ongoing = timeout is { } most ? OngoingCall.Begin($"{operation} {target}", most - RequestTimeout) : null;

        try
        {
            return await method(request, new CallOptions(deadline: deadline, cancellationToken: cancellationToken));
        }
        catch (RpcException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"{operation} {target} was cancelled.", e, cancellationToken);
        }
        catch (RpcException e)
        {
            metrics.Errors.WithLabels(operation).Inc();
            throw new RuntimeCallException(operation, target, e.StatusCode, e.Status.Detail);
        }
        finally
        {
            metrics.Operations.WithLabels(operation).Inc();
            metrics.Duration.WithLabels(operation).Observe(clock.GetElapsedTime(start).TotalSeconds);
        }
    }

    /// <summary>A part of an answer that CRI does not leave out.</summary>
    private static T Required<T>(T? part, string operation, string target, string name)
        where T : class =>
        part is null or "" ? throw new RuntimeCallException(operation, target, StatusCode.Internal, $"the answer lacks {name}") : part;

    /// <summary>CRI times are nanoseconds since 1970, 0 for never.</summary>
    internal static DateTimeOffset? ToTime(long nanoseconds) =>
        nanoseconds <= 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}

/// <summary>The runtime refused a call, is gone, or did not answer in time.</summary>
public sealed class RuntimeCallException(string operation, string target, StatusCode code, string detail)
    : IOException($"{operation} {target}: {code}: {detail}")
{
    public StatusCode Code { get; } = code;

    /// <summary>The runtime's own words.</summary>
    public string Detail { get; } = detail;
}
