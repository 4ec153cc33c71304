using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>A container's probes and lifecycle hooks.</summary>
internal static class ProbeValidator
{
    public static void Validate(V1Container container, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        Lifecycle(container.Lifecycle, path.Child("lifecycle"), context, errors);
        Probe(container.LivenessProbe, path.Child("livenessProbe"), mustSucceedOnce: true, errors);
        Probe(container.ReadinessProbe, path.Child("readinessProbe"), mustSucceedOnce: false, errors);
        Probe(container.StartupProbe, path.Child("startupProbe"), mustSucceedOnce: true, errors);

        if (container.ReadinessProbe?.TerminationGracePeriodSeconds is long grace)
        {
            errors.Invalid(
                path.Child("readinessProbe").Child("terminationGracePeriodSeconds"),
                grace,
                "must not be set for readinessProbes");
        }
    }

    private static void Lifecycle(V1Lifecycle? lifecycle, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        if (lifecycle?.PostStart is not null)
        {
            Hook(lifecycle.PostStart, path.Child("postStart"), context, errors);
        }

        if (lifecycle?.PreStop is not null)
        {
            Hook(lifecycle.PreStop, path.Child("preStop"), context, errors);
        }

        if (!string.IsNullOrEmpty(lifecycle?.StopSignal) && string.IsNullOrEmpty(context.Spec.Os?.Name))
        {
            errors.Forbidden(
                path.Child("stopSignal"), "may not be set for containers with empty `spec.os.name`");
        }
    }

    private static void Probe(V1Probe? probe, FieldPath path, bool mustSucceedOnce, FieldErrors errors)
    {
        if (probe is null)
        {
            return;
        }

        HandlerValidator.ExactlyOne(
            path,
            errors,
            ("exec", probe.Exec),
            ("httpGet", probe.HttpGet),
            ("tcpSocket", probe.TcpSocket),
            ("grpc", probe.Grpc));
        HandlerValidator.Exec(probe.Exec, path.Child("exec"), errors);
        HandlerValidator.HttpGet(probe.HttpGet, path.Child("httpGet"), errors);
        HandlerValidator.TcpSocket(probe.TcpSocket, path.Child("tcpSocket"), errors);
        HandlerValidator.Grpc(probe.Grpc, path.Child("grpc"), errors);

        errors.NonNegative(path.Child("initialDelaySeconds"), probe.InitialDelaySeconds);
        errors.NonNegative(path.Child("timeoutSeconds"), probe.TimeoutSeconds);
        errors.NonNegative(path.Child("periodSeconds"), probe.PeriodSeconds);
        errors.NonNegative(path.Child("successThreshold"), probe.SuccessThreshold);
        errors.NonNegative(path.Child("failureThreshold"), probe.FailureThreshold);
        if (probe.TerminationGracePeriodSeconds is long grace and < 1)
        {
            errors.Invalid(path.Child("terminationGracePeriodSeconds"), grace, "must be greater than 0");
        }

        if (mustSucceedOnce && probe.SuccessThreshold is not (null or 1))
        {
            errors.Invalid(path.Child("successThreshold"), probe.SuccessThreshold.Value, "must be 1");
        }
    }

    private static void Hook(V1LifecycleHandler hook, FieldPath path, ContainerContext context, FieldErrors errors)
    {
        HandlerValidator.ExactlyOne(
            path,
            errors,
            ("exec", hook.Exec),
            ("httpGet", hook.HttpGet),
            ("tcpSocket", hook.TcpSocket),
            ("sleep", hook.Sleep));
        HandlerValidator.Exec(hook.Exec, path.Child("exec"), errors);
        HandlerValidator.HttpGet(hook.HttpGet, path.Child("httpGet"), errors);
        HandlerValidator.TcpSocket(hook.TcpSocket, path.Child("tcpSocket"), errors);

        long grace = context.GracePeriodSeconds;
        if (hook.Sleep is { Seconds: long seconds } && (seconds < 0 || seconds > grace))
        {
            errors.Invalid(
                path.Child("sleep"),
                seconds,
                $"must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        }
    }
}
