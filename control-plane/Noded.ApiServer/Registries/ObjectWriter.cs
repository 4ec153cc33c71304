using System.Text.Json.Nodes;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Errors;
using Noded.Store;

namespace Noded.ApiServer.Registries;

/// <summary>Makes, changes and deletes objects.</summary>
internal sealed class ObjectWriter(IStore store, ObjectReader reader, TimeProvider clock)
{
    private const int NameTries = 8;

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

            JsonObject made = isGenerated && attempt < NameTries ? document.Copy() : document;
            await AdmitAsync(new AdmissionRequest(resource, made, null), options, cancellationToken);
            ObjectPreparation.Validate(resource, made, null);
            if (await PutNewAsync(resource, ns, made, options, cancellationToken) is { } revision)
            {
                return made.WithRevision(revision);
            }

            if (!isGenerated)
            {
                throw ApiStatusException.AlreadyExists(resource.Definition, made.Name());
            }

            if (attempt == NameTries)
            {
                throw ApiStatusException.GenerateNameConflict(resource.Definition, made.Name());
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
            bool insists = ObjectPreparation.ForUpdate(resource, document, old, options.Subresource);
            await AdmitAsync(new AdmissionRequest(resource, document, old), options, cancellationToken);
            ObjectPreparation.Validate(resource, document, old);
            if (options.DryRun)
            {
                return document.WithRevision(found.ModRevision);
            }

            old.TakeRevision();
            if (DeletionPlan.IsOver(resource, document) && document.IsBeingDeleted())
            {
                if (await RemoveAsync(resource, ns, name, found.ModRevision, cancellationToken) is { } removed)
                {
                    return document.WithRevision(removed);
                }
            }
            else if (JsonNode.DeepEquals(document, old))
            {
                return document.WithRevision(found.ModRevision);
            }
            else if (await PutAsync(resource, ns, document, found.ModRevision, cancellationToken) is { } revision)
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
            current.TakeRevision();
            DeletionPlan plan = DeletionPlan.Compute(resource, current, options, clock.GetUtcNow());
            bool isUnchanged = !plan.Removes && JsonNode.DeepEquals(plan.Document, current);
            if (options.DryRun || isUnchanged)
            {
                return plan with { Document = plan.Document.WithRevision(found.ModRevision) };
            }

            long? revision = plan.Removes
                ? await RemoveAsync(resource, ns, name, found.ModRevision, cancellationToken)
                : await PutAsync(resource, ns, plan.Document, found.ModRevision, cancellationToken);
            if (revision is { } done)
            {
                return plan with { Document = plan.Document.WithRevision(done) };
            }
        }
    }

    private static Task AdmitAsync(
        AdmissionRequest request, WriteOptions options, CancellationToken cancellationToken) =>
        options.Admit is { } admit ? admit(request, cancellationToken) : Task.CompletedTask;

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

    private async Task<long?> PutNewAsync(
        Resource resource, string? ns, JsonObject document, WriteOptions options, CancellationToken cancellationToken)
    {
        if (options.DryRun)
        {
            KeyValue? present = await reader.FindAsync(resource, ns, document.Name(), cancellationToken);
            return present is null ? 0 : null;
        }

        string key = resource.Key(ns, document.Name());
        byte[] value = resource.ToStored(document.Copy()).ToUtf8();
        TransactionResult result = await store.CommitAsync(Transaction.Create(key, value), cancellationToken);
        return result.Succeeded ? result.Revision : null;
    }

    private async Task<long?> PutAsync(
        Resource resource, string? ns, JsonObject document, long revision, CancellationToken cancellationToken)
    {
        string key = resource.Key(ns, document.Name());
        byte[] value = resource.ToStored(document.Copy()).ToUtf8();
        TransactionResult result = await store.CommitAsync(Transaction.Update(key, revision, value), cancellationToken);
        return result.Succeeded ? result.Revision : null;
    }

    private async Task<long?> RemoveAsync(
        Resource resource, string? ns, string name, long revision, CancellationToken cancellationToken)
    {
        Transaction transaction = Transaction.Delete(resource.Key(ns, name), revision);
        TransactionResult result = await store.CommitAsync(transaction, cancellationToken);
        return result.Succeeded ? result.Revision : null;
    }
}
