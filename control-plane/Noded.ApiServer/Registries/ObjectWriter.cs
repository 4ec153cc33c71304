using System.Text.Json.Nodes;

using Noded.Api.Validation;
using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Makes, changes and deletes objects.</summary>
internal sealed class ObjectWriter(IStore store, ObjectReader reader, TimeProvider clock)
{
    private const int NameTries = 8;
    private const int AllocationTries = 64;

    /// <summary>Hears of each key that was written before the client does.</summary>
    public Func<string, long, CancellationToken, Task>? Committed { get; init; }

    /// <summary>For objects that end by themselves; without it they stay.</summary>
    public ObjectLeases? Leases { get; init; }

    public async Task<JsonObject> CreateAsync(
        Resource resource, string? ns, JsonObject document, WriteOptions options, CancellationToken cancellationToken)
    {
        ObjectPreparation.ForCreate(resource, ns, document, clock.GetUtcNow());
        bool isGenerated = document.Name().Length == 0;
        string prefix = document.Metadata().Text("generateName") ?? "";
        for (int attempt = 1; ; attempt++)
        {
            if (isGenerated && prefix.Length > 0)
            {
                document.Metadata()["name"] = ObjectMetadata.GenerateName(prefix);
            }

            // With another name it is admitted again, which changes nothing that has been changed before.
            await AdmitAsync(new AdmissionRequest(resource, document, null), options.Admit, cancellationToken);
            ObjectPreparation.Validate(resource, document, null);
            if (await PutNewAsync(resource, ns, document, options, cancellationToken) is { } revision)
            {
                return document.WithRevision(revision);
            }

            if (!isGenerated)
            {
                throw ApiStatusException.AlreadyExists(resource.Definition, document.Name());
            }

            if (attempt == NameTries)
            {
                throw ApiStatusException.GenerateNameConflict(resource.Definition, document.Name());
            }
        }
    }

    /// <summary>
    /// Changes an object. <paramref name="change"/> gets the object as it is and returns it as it shall be; it is
    /// called again if somebody else was faster and the client did not insist on a version.
    /// </summary>
    public async Task<JsonObject> UpdateAsync(
        Resource resource,
        string? ns,
        string name,
        Func<JsonObject, JsonObject> change,
        WriteOptions options,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            KeyValue found = await reader.FindAsync(resource, ns, name, cancellationToken)
                ?? throw ApiStatusException.NotFound(resource.Definition, name);
            JsonObject old = ObjectReader.Decode(resource, found);
            JsonObject document = change(old.Copy());
            bool insists = ObjectPreparation.ForUpdate(resource, document, old, options);
            AdmissionRequest admitted = new(resource, document, old) { Subresource = options.Subresource };
            await AdmitAsync(admitted, options.Admit, cancellationToken);
            ObjectPreparation.Validate(resource, document, old, options.Subresource);
            if (options.DryRun)
            {
                return document.WithRevision(found.ModRevision);
            }

            old.TakeRevision();
            if (DeletionPlan.IsOver(resource, document) && document.IsBeingDeleted())
            {
                if (await RemoveAsync(resource, ns, old, found.ModRevision, cancellationToken) is { } removed)
                {
                    return document.WithRevision(removed);
                }
            }
            else if (JsonNode.DeepEquals(document, old))
            {
                return document.WithRevision(found.ModRevision);
            }
            else if (await PutAsync(resource, ns, document, old, found.ModRevision, cancellationToken) is { } revision)
            {
                return document.WithRevision(revision);
            }

            if (insists)
            {
                throw ApiStatusException.Modified(resource.Definition, name);
            }
        }
    }

    /// <summary>Deletes an object or marks it; returns it as it was last, and whether it is gone.</summary>
    public async Task<DeletionPlan> DeleteAsync(
        Resource resource, string? ns, string name, DeleteOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            KeyValue found = await reader.FindAsync(resource, ns, name, cancellationToken)
                ?? throw ApiStatusException.NotFound(resource.Definition, name);
            JsonObject current = ObjectReader.Decode(resource, found);
            CheckPreconditions(resource, current, options);
            await AdmitAsync(new AdmissionRequest(resource, current, current) { IsDelete = true }, options.Admit, cancellationToken);
            current.TakeRevision();
            DeletionPlan plan = DeletionPlan.Compute(resource, current, options, clock.GetUtcNow());
            bool isUnchanged = !plan.Removes && JsonNode.DeepEquals(plan.Document, current);
            if (options.DryRun || isUnchanged)
            {
                return plan with { Document = plan.Document.WithRevision(found.ModRevision) };
            }

            long? revision = plan.Removes
                ? await RemoveAsync(resource, ns, current, found.ModRevision, cancellationToken)
                : await PutAsync(resource, ns, plan.Document, current, found.ModRevision, cancellationToken);
            if (revision is { } done)
            {
                return plan with { Document = plan.Document.WithRevision(done) };
            }
        }
    }

    /// <summary>Changes a pod in a way that no update could, past the rules for updates.</summary>
    public async Task BindAsync(
        Resource resource,
        string? ns,
        string name,
        Action<JsonObject> bind,
        bool dryRun,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            KeyValue found = await reader.FindAsync(resource, ns, name, cancellationToken)
                ?? throw ApiStatusException.NotFound(resource.Definition, name);
            JsonObject document = ObjectReader.Decode(resource, found);
            document.TakeRevision();
            JsonObject old = document.Copy();
            bind(document);
            if (dryRun || await PutAsync(resource, ns, document, old, found.ModRevision, cancellationToken) is not null)
            {
                return;
            }
        }
    }

    private static Task AdmitAsync(
        AdmissionRequest request,
        Func<AdmissionRequest, CancellationToken, Task>? admit,
        CancellationToken cancellationToken) =>
        admit is null ? Task.CompletedTask : admit(request, cancellationToken);

    private static void CheckPreconditions(Resource resource, JsonObject current, DeleteOptions options)
    {
        if (options.Uid is { } uid && uid != current.Uid())
        {
            throw ApiStatusException.Conflict(
                resource.Definition,
                current.Name(),
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid()}");
        }

        string? revision = current.Object("metadata").Text("resourceVersion");
        if (options.ResourceVersion is { } wished && wished != revision)
        {
            throw ApiStatusException.Conflict(
                resource.Definition,
                current.Name(),
                $"Precondition failed: ResourceVersion in precondition: {wished}, ResourceVersion in object meta: {revision}");
        }
    }

    /// <returns>The revision of the object; null if the name is taken.</returns>
    private async Task<long?> PutNewAsync(
        Resource resource, string? ns, JsonObject document, WriteOptions options, CancellationToken cancellationToken)
    {
        if (options.DryRun)
        {
            resource.Strategy.Allocate(document);
            KeyValue? present = await reader.FindAsync(resource, ns, document.Name(), cancellationToken);
            return present is null ? 0 : null;
        }

        ObjectChange change = new(resource, ns, document.Name());
        return await CommitAsync(change, document, null, 0, cancellationToken);
    }

    private async Task<long?> PutAsync(
        Resource resource,
        string? ns,
        JsonObject document,
        JsonObject old,
        long revision,
        CancellationToken cancellationToken) =>
        await CommitAsync(new ObjectChange(resource, ns, document.Name()), document, old, revision, cancellationToken);

    /// <summary>Writes an object together with its claims, choosing anew where a choice of the server is taken.</summary>
    private async Task<long?> CommitAsync(
        ObjectChange change, JsonObject document, JsonObject? old, long revision, CancellationToken cancellationToken)
    {
        long lease = Leases is not null && change.Resource.Strategy.Expires ? await Leases.TakeAsync(cancellationToken) : 0;
        IReadOnlyDictionary<string, byte[]> asked = change.Resource.Strategy.Claims(document);
        for (int attempt = 0; attempt < AllocationTries; attempt++)
        {
            // What nobody chooses anything in need not be kept as it was for another try.
            JsonObject chosen = change.Resource.Strategy.Allocates ? document.Copy() : document;
            change.Resource.Strategy.Allocate(chosen);
            TransactionResult result = await store.CommitAsync(change.Put(chosen, old, revision, lease), cancellationToken);
            if (result.Succeeded)
            {
                Replace(document, chosen);
                await TellAsync(change, result.Revision, cancellationToken);
                return result.Revision;
            }

            if (change.Taken(result) is not { } taken)
            {
                return null;
            }

            if (asked.ContainsKey(taken))
            {
                FieldErrors errors = new();
                change.Resource.Strategy.ExplainClaim(document, taken, errors);
                throw ApiStatusException.Invalid(change.Resource.Definition, document.Name(), errors.ToImmutable());
            }
        }

        throw ApiStatusException.Internal("everything that could be allocated seems to be taken");
    }

    private static void Replace(JsonObject document, JsonObject chosen)
    {
        if (ReferenceEquals(document, chosen))
        {
            return;
        }

        document.Clear();
        foreach ((string name, JsonNode? value) in chosen.ToArray())
        {
            chosen.Remove(name);
            document[name] = value;
        }
    }

    private async Task<long?> RemoveAsync(
        Resource resource,
        string? ns,
        JsonObject document,
        long revision,
        CancellationToken cancellationToken)
    {
        ObjectChange change = new(resource, ns, document.Name());
        TransactionResult result = await store.CommitAsync(change.Delete(document, revision), cancellationToken);
        if (!result.Succeeded)
        {
            return null;
        }

        await TellAsync(change, result.Revision, cancellationToken);
        return result.Revision;
    }

    private Task TellAsync(ObjectChange change, long revision, CancellationToken cancellationToken) =>
        Committed is { } committed ? committed(change.Key, revision, cancellationToken) : Task.CompletedTask;
}
