using System.Text.Json.Nodes;

using Noded.ApiServer.Selectors;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Registries;

/// <summary>Which objects a request is about.</summary>
internal sealed record Selection(LabelSelector Labels, FieldSelector Fields)
{
    public static Selection All { get; } = new(LabelSelector.Everything, FieldSelector.Everything);

    public bool IsAll => Labels.IsEmpty && Fields.IsEmpty;
}

/// <summary>How a list is asked for.</summary>
internal sealed record ListOptions(Selection Selection)
{
    /// <summary>Everything as memory has it, which may be some milliseconds old.</summary>
    public static ListOptions OfMemory { get; } = new(Selection.All) { Freshness = new Freshness.Any() };

    /// <summary>At most so many; 0 for all.</summary>
    public int Limit { get; init; }

    public string Continue { get; init; } = "";

    /// <summary>Which state the objects are to be of.</summary>
    public Freshness Freshness { get; init; } = new Freshness.Consistent();
}

/// <summary>How a watch is asked for.</summary>
internal sealed record WatchOptions(Selection Selection)
{
    /// <summary>After which revision changes are told; null to begin with a state.</summary>
    public long? After { get; init; }

    /// <summary>How new that state must be.</summary>
    public Freshness State { get; init; } = new Freshness.Consistent();

    /// <summary>Whether the objects of that state are told.</summary>
    public bool TellsState { get; init; } = true;

    /// <summary>Whether a bookmark says that all of them have been told.</summary>
    public bool MarksEndOfState { get; init; }

    public bool AllowBookmarks { get; init; }
}

/// <summary>How an object is to be deleted.</summary>
internal sealed record DeleteOptions
{
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c>, <c>Orphan</c>, or null for the kind's own.</summary>
    public string? Propagation { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool DryRun { get; init; }

    /// <summary>Checks whether the object may be deleted.</summary>
    public Func<AdmissionRequest, CancellationToken, Task>? Admit { get; init; }
}

/// <summary>How an object came to be written.</summary>
internal sealed record WriteOptions
{
    public static WriteOptions Default { get; } = new();

    public bool DryRun { get; init; }

    /// <summary><c>status</c> and the like; null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Whether the change is made upon whatever version is the newest, as a patch is.</summary>
    public bool IsRelative { get; init; }

    /// <summary>Checks and changes the object before it is validated.</summary>
    public Func<AdmissionRequest, CancellationToken, Task>? Admit { get; init; }
}

/// <summary>An object on its way into the store.</summary>
/// <param name="Resource">The resource it belongs to.</param>
/// <param name="Object">As it shall become; admission may change it.</param>
/// <param name="Old">As it is; null if it is not there yet.</param>
internal sealed record AdmissionRequest(Resource Resource, JsonObject Object, JsonObject? Old)
{
    /// <summary><c>status</c> and the like; null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Whether the object is to be deleted; as it is and as it shall become are then the same.</summary>
    public bool IsDelete { get; init; }

    /// <summary>Whether an object of a resource is made.</summary>
    public bool Creates(string group, string name) =>
        Old is null && Subresource is null && Resource.Definition.Group == group && Resource.Definition.Name == name;
}
