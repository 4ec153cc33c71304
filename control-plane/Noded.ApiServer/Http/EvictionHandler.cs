using System.Globalization;
using System.Text.Json.Nodes;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Http;

/// <summary>Evicts pods, as far as disruption budgets allow.</summary>
internal sealed class EvictionHandler(
    ObjectReader reader, ObjectWriter objects, AdmissionChain admission, ResourceTable resources, TimeProvider clock)
    : IRequestHandler
{
    private static readonly SchemaType EvictionType = SchemaCatalog.BuiltIn["policy/v1.Eviction"];

    private Resource Pods => resources.Get("", "v1", "pods");

    private Resource Budgets => resources.Get("policy", "v1", "poddisruptionbudgets");

    public async Task HandleAsync(ApiRequest request)
    {
        JsonObject eviction = await BodyReader.ReadAsync(request.Context, EvictionType, "policy/v1");
        JsonObject pod = await reader.GetAsync(Pods, request.Namespace, request.Name, request.Aborted);
        await admission.AdmitAsync(
            request, new AdmissionRequest(Pods, pod, null) { Subresource = "eviction" }, request.Aborted);
        bool isOver = pod.At("status", "phase").AsText() is "Succeeded" or "Failed" or "Pending" || pod.IsBeingDeleted();
        bool dryRun = request.Query.DryRun() || eviction.Object("deleteOptions").Texts("dryRun").Contains("All");
        if (!isOver)
        {
            await TakeFromBudgetAsync(request, pod, dryRun);
        }

        JsonObject? options = eviction.Object("deleteOptions");
        await objects.DeleteAsync(
            Pods,
            request.Namespace,
            request.Name,
            new DeleteOptions
            {
                GracePeriodSeconds = options.Integer("gracePeriodSeconds"),
                Uid = options.Object("preconditions").Text("uid"),
                DryRun = dryRun,
            },
            request.Aborted);
        await ResponseWriter.WriteJsonAsync(request.Context, 201, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = 201L,
        });
    }

    private async Task TakeFromBudgetAsync(ApiRequest request, JsonObject pod, bool dryRun)
    {
        ObjectList all = await reader.ListAsync(Budgets, request.Namespace, new ListOptions(Selection.All), request.Aborted);
        JsonObject[] matching = [.. all.Items.Where(budget =>
            budget.Object("spec").Object("selector") is { } selector && LabelSelector.Of(selector).Matches(pod.Labels()))];
        if (matching.Length > 1)
        {
            throw ApiStatusException.Internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (matching.Length == 1 && !IsOutsideBudget(matching[0], pod))
        {
            await objects.UpdateAsync(
                Budgets,
                request.Namespace,
                matching[0].Name(),
                budget => Take(budget, pod),
                new WriteOptions { Subresource = "status", DryRun = dryRun },
                request.Aborted);
        }
    }

    /// <summary>Whether a pod that is not ready may go without taking from the budget, as its policy says.</summary>
    private static bool IsOutsideBudget(JsonObject budget, JsonObject pod)
    {
        bool isReady = pod["status"].Objects("conditions")
            .Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
        JsonObject? status = budget.Object("status");
        long desired = status.Integer("desiredHealthy") ?? 0;
        bool isEnoughWithout = desired > 0 && (status.Integer("currentHealthy") ?? 0) >= desired;
        return !isReady && (isEnoughWithout || budget.At("spec", "unhealthyPodEvictionPolicy").AsText() == "AlwaysAllow");
    }

    private JsonObject Take(JsonObject budget, JsonObject pod)
    {
        JsonObject status = budget.ObjectOrNew("status");
        long allowed = status.Integer("disruptionsAllowed") ?? 0;
        bool isStale = (status.Integer("observedGeneration") ?? 0) < (budget.Object("metadata").Integer("generation") ?? 0);
        if (isStale || allowed <= 0)
        {
            throw TooMany(budget, isStale);
        }

        budget.Metadata().Remove("resourceVersion");
        status["disruptionsAllowed"] = allowed - 1;
        status.ObjectOrNew("disruptedPods")[pod.Name()] = ScalarDecoder.Time(clock.GetUtcNow());
        return budget;
    }

    private static ApiStatusException TooMany(JsonObject budget, bool isStale)
    {
        JsonObject? status = budget.Object("status");
        string why = isStale
            ? $"The disruption budget {budget.Name()} is still being processed by the server."
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The disruption budget {budget.Name()} needs {status.Integer("desiredHealthy") ?? 0} healthy pods and has {status.Integer("currentHealthy") ?? 0} currently");
        return new ApiStatusException(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }),
            })
        {
            RetryAfter = isStale ? 10 : null,
        };
    }
}
