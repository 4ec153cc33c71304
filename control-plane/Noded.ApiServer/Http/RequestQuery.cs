using System.Globalization;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;
using Noded.ApiServer.WatchCaches;

namespace Noded.ApiServer.Http;

/// <summary>The options that requests have in their query.</summary>
internal static class RequestQuery
{
    private const string MatchExact = "Exact";
    private const string MatchNotOlderThan = "NotOlderThan";

    public static bool Flag(this IQueryCollection query, string name) =>
        query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value)
        && value.ToString() is "" or "1" or "true" or "True" or "TRUE" or "t" or "T";

    public static long? Number(this IQueryCollection query, string name)
    {
        string text = query[name].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw ApiStatusException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    public static bool DryRun(this IQueryCollection query) => query["dryRun"].ToString() switch
    {
        "" => false,
        "All" => true,
        string other => throw ApiStatusException.BadRequest(
            $"dryRun: Unsupported value: \"{other}\": supported values: \"All\""),
    };

    public static Selection Selection(this IQueryCollection query, Resource resource)
    {
        try
        {
            FieldSelector fields = FieldSelector.Parse(query["fieldSelector"].ToString());
            SelectionFilter.CheckFields(resource, fields);
            return new Selection(LabelSelector.Parse(query["labelSelector"].ToString()), fields);
        }
        catch (SelectorException e)
        {
            throw ApiStatusException.BadRequest(e.Message);
        }
    }

    public static ListOptions List(this IQueryCollection query, Resource resource)
    {
        string match = query["resourceVersionMatch"].ToString();
        string version = query["resourceVersion"].ToString();
        long revision = Revision(version);
        string continuation = query["continue"].ToString();
        if (match.Length > 0)
        {
            CheckMatch(match, version, continuation);
        }

        if (query.ContainsKey("sendInitialEvents"))
        {
            throw Invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list");
        }

        if (continuation.Length > 0 && revision != 0)
        {
            throw ApiStatusException.BadRequest("specifying resource version is not allowed when using continue");
        }

        int limit = (int)Math.Clamp(query.Number("limit") ?? 0, 0, int.MaxValue);
        return new ListOptions(query.Selection(resource))
        {
            // As upstream: whoever takes any state gets all of it.
            Limit = version == "0" && continuation.Length == 0 ? 0 : limit,
            Continue = continuation,
            Freshness = (match, revision) switch
            {
                (_, 0) => version.Length == 0 ? new Freshness.Consistent() : new Freshness.Any(),
                (MatchExact, _) => new Freshness.Exactly(revision),
                ("", _) when limit > 0 => new Freshness.Exactly(revision),
                _ => new Freshness.NotOlderThan(revision),
            },
        };
    }

    public static WatchOptions Watch(this IQueryCollection query, Resource resource)
    {
        bool? initial = query.ContainsKey("sendInitialEvents") ? query.Flag("sendInitialEvents") : null;
        string match = query["resourceVersionMatch"].ToString();
        if (initial is not null && match != MatchNotOlderThan)
        {
            throw Invalid("resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (match.Length > 0 && initial is null)
        {
            throw Invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }

        Freshness state = query.State();
        bool allowsBookmarks = query.Flag("allowWatchBookmarks");
        return new WatchOptions(query.Selection(resource))
        {
            After = initial != true && state is Freshness.NotOlderThan(long revision) ? revision : null,
            State = state,
            TellsState = initial != false,
            MarksEndOfState = initial == true && allowsBookmarks,
            AllowBookmarks = allowsBookmarks,
        };
    }

    /// <summary>How new a state the request wants, if it does not say more than a version.</summary>
    public static Freshness State(this IQueryCollection query)
    {
        string version = query["resourceVersion"].ToString();
        return Revision(version) switch
        {
            0 when version.Length == 0 => new Freshness.Consistent(),
            0 => new Freshness.Any(),
            long revision => new Freshness.NotOlderThan(revision),
        };
    }

    private static void CheckMatch(string match, string version, string continuation)
    {
        if (version.Length == 0)
        {
            throw Invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (continuation.Length > 0)
        {
            throw Invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided");
        }

        if (match is not (MatchExact or MatchNotOlderThan))
        {
            throw Invalid($"resourceVersionMatch: Unsupported value: \"{match}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
        }

        if (match == MatchExact && version == "0")
        {
            throw Invalid("resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }

    private static long Revision(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong revision)
            && revision <= long.MaxValue
            ? (long)revision
            : throw new ApiStatusException(
                400, "BadRequest", $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    private static ApiStatusException Invalid(string why) =>
        new(422, "Invalid", $"ListOptions.meta.k8s.io \"\" is invalid: {why}");
}
