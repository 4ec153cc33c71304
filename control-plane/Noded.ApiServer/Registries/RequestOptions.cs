using System.Collections.Immutable;
using System.Text.Json.Nodes;

using Noded.ApiServer.Selectors;

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
    /// <summary>At most so many; 0 for all.</summary>
    public int Limit { get; init; }

    public string Continue { get; init; } = "";

    /// <summary>The revision whose objects are wanted; 0 for the newest.</summary>
    public long ExactRevision { get; init; }
}

/// <summary>Objects in the order of their keys.</summary>
internal sealed record ObjectList(ImmutableArray<JsonObject> Items, long Revision)
{
    public string? Continue { get; init; }

    public long? Remaining { get; init; }
}

/// <summary>How a watch is asked for.</summary>
internal sealed record WatchOptions(Selection Selection)
{
    /// <summary>After which changes are told; 0 for the objects that are there and all changes from now on.</summary>
    public long Revision { get; init; }

    /// <summary>Whether the objects that are there come first, and a bookmark after them.</summary>
    public bool SendInitialEvents { get; init; }

    public bool AllowBookmarks { get; init; }
}

/// <summary>A change, as a watch tells it.</summary>
internal sealed record ObjectEvent(string Type, JsonObject Document)
{
    public const string Added = "ADDED";
    public const string Modified = "MODIFIED";
    public const string Deleted = "DELETED";
    public const string Bookmark = "BOOKMARK";
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
internal sealed record AdmissionRequest(Resource Resource, JsonObject Object, JsonObject? Old);
