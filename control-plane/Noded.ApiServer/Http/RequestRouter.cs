using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

using Noded.ApiServer.Authentication;
using Noded.ApiServer.Authorization;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.ApiServer.Metering;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Strategies;
using Noded.Store;

namespace Noded.ApiServer.Http;

/// <summary>Takes a request from its first line to its handler, and turns what goes wrong into a Status.</summary>
internal sealed partial class RequestRouter(
    ResourceTable resources,
    AccessGate gate,
    DocumentHandler documents,
    RequestHandlers handlers,
    (RequestDeadlines Deadlines, ApiServerMetrics Metrics, TimeProvider Clock) time,
    ILogger<RequestRouter> logger)
{
    public async Task RouteAsync(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        RequestDeadline? deadline = null;
        RequestMeter meter = new(time.Metrics, context.Request.Method, time.Clock);
        try
        {
            deadline = time.Deadlines.Begin(context);
            await DispatchAsync(context, meter);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Nobody is left to tell.
        }
        catch (OperationCanceledException) when (deadline?.IsOver == true && !context.Response.HasStarted)
        {
            context.RequestAborted = gone;
            await ResponseWriter.WriteStatusAsync(context, RequestDeadlines.Exceeded());
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            ApiStatusException status = Explain(e);
            if (status.Code >= 500)
            {
                LogFailed(context.Request.Method, context.Request.Path, e);
            }

            await ResponseWriter.WriteStatusAsync(context, status);
        }
        finally
        {
            deadline?.Dispose();
            meter.End(context.Response.StatusCode);
        }
    }

    private static ApiStatusException Explain(Exception exception) => exception switch
    {
        ApiStatusException status => status,
        StoreUnavailableException unavailable => ApiStatusException.Unavailable(unavailable.Message),
        DocumentException broken => ApiStatusException.BadRequest(broken.Message),
        BadHttpRequestException bad => ApiStatusException.BadRequest(bad.Message),
        _ => ApiStatusException.Internal("the request could not be served"),
    };

    private async Task DispatchAsync(HttpContext context, RequestMeter meter)
    {
        if (await HealthHandler.TryWriteAsync(context))
        {
            return;
        }

        UserIdentity user = await gate.AuthenticateAsync(context);
        string path = context.Request.Path.Value ?? "/";
        if (RequestTarget.Parse(path) is not { } target)
        {
            await DispatchOtherAsync(context, user, path);
            return;
        }

        Resource resource = resources.Find(target.Group, target.Version, target.Resource)
            ?? throw ApiStatusException.NoSuchPath();
        if (target.Namespace is not null && !resource.Definition.IsNamespaced)
        {
            throw ApiStatusException.NoSuchPath();
        }

        string verb = VerbOf(context.Request, target);
        ApiRequest request = new(context, resource, target, verb, user);
        meter.Describe(request);
        await gate.AuthorizeAsync(request);
        CheckVerb(request);
        await handlers.HandleAsync(request);
    }

    private async Task DispatchOtherAsync(HttpContext context, UserIdentity user, string path)
    {
        await gate.AuthorizeAsync(user, context.Request.Method, path, context.RequestAborted);
        if (context.Request.Method is not ("GET" or "HEAD"))
        {
            throw ApiStatusException.MethodNotAllowed();
        }

        if (path.TrimEnd('/') == "/version")
        {
            await ResponseWriter.WriteJsonAsync(context, 200, ServerVersion.Write());
        }
        else if (path == "/metrics")
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            await time.Metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
        }
        else if (!await documents.TryWriteAsync(context) && !await handlers.TryWriteOtherAsync(context, path))
        {
            throw ApiStatusException.NoSuchPath();
        }
    }

    private static void CheckVerb(ApiRequest request)
    {
        ResourceDefinition definition = request.Resource.Definition;
        if (request.Target.Subresource is not { } name)
        {
            if (!definition.Verbs.Contains(request.Verb))
            {
                throw ApiStatusException.MethodNotAllowed();
            }

            bool lacksNamespace = definition.IsNamespaced && request.Namespace is null;
            if (lacksNamespace && request.Verb is not ("list" or "watch"))
            {
                throw request.Target.Name is null ? ApiStatusException.MethodNotAllowed() : ApiStatusException.NoSuchPath();
            }

            return;
        }

        SubresourceDefinition subresource = definition.Subresources.FirstOrDefault(part => part.Name == name)
            ?? throw ApiStatusException.NoSuchPath();
        if (!subresource.Verbs.Contains(request.Verb))
        {
            throw ApiStatusException.MethodNotAllowed();
        }
    }

    private static string VerbOf(HttpRequest request, RequestTarget target) => request.Method switch
    {
        "GET" or "HEAD" when target.Name is null => request.Query.Flag("watch") ? "watch" : "list",
        "GET" or "HEAD" => "get",
        "POST" when target.Name is null || target.Subresource is not null => "create",
        "PUT" when target.Name is not null => "update",
        "PATCH" when target.Name is not null => "patch",
        "DELETE" => target.Name is null ? "deletecollection" : "delete",
        _ => throw ApiStatusException.MethodNotAllowed(),
    };

    [LoggerMessage(EventId = 6001, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFailed(string method, string path, Exception exception);
}
