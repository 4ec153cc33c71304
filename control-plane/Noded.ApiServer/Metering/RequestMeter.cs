using System.Globalization;

using Noded.ApiServer.Http;

using Prometheus;

namespace Noded.ApiServer.Metering;

/// <summary>What one request adds to the metrics.</summary>
internal sealed class RequestMeter(ApiServerMetrics metrics, string method, TimeProvider clock)
{
    private readonly long _begun = clock.GetTimestamp();
    private Gauge.Child? _counted;
    private string[] _labels = [method, "", "", "", "", "", "apiserver"];
    private string _dryRun = "";
    private bool _isWatch;

    /// <summary>From now on it is known what the request is about.</summary>
    public void Describe(ApiRequest request)
    {
        RequestTarget target = request.Target;
        string scope = target.Name is not null ? "resource" : target.Namespace is not null ? "namespace" : "cluster";
        _labels =
        [
            VerbOf(request.Verb), target.Group, target.Version, target.Resource, target.Subresource ?? "", scope, "apiserver",
        ];
        _dryRun = request.Query["dryRun"].ToString() == "All" ? "All" : "";
        _isWatch = request.Verb == "watch";
        bool isRead = request.Verb is "get" or "list";
        _counted = _isWatch
            ? metrics.LongRunning.WithLabels(_labels)
            : metrics.InFlight.WithLabels(isRead ? "readOnly" : "mutating");
        _counted.Inc();
    }

    public void End(int code)
    {
        _counted?.Dec();
        metrics.Requests.WithLabels([.. _labels, _dryRun, code.ToString(CultureInfo.InvariantCulture)]).Inc();
        if (!_isWatch)
        {
            metrics.Durations.WithLabels(_labels).Observe(clock.GetElapsedTime(_begun).TotalSeconds);
        }
    }

    private static string VerbOf(string verb) => verb switch
    {
        "create" => "POST",
        "update" => "PUT",
        _ => verb.ToUpperInvariant(),
    };
}
