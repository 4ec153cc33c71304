using System.Globalization;

using Microsoft.AspNetCore.Http;

using Noded.ApiServer.Errors;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Selectors;

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
            ObjectReader.CheckFields(resource, fields);
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
        long revision = Revision(query);
        string continuation = query["continue"].ToString();
        if (match.Length > 0 && !query.ContainsKey("resourceVersion"))
        {
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }

        if (match is not ("" or MatchExact or MatchNotOlderThan))
        {
            throw Forbidden("resourceVersionMatch", $"Unsupported value: \"{match}\"");
        }

        if (continuation.Length > 0 && revision != 0)
        {
            throw ApiStatusException.BadRequest("specifying resource version is not allowed when using continue");
        }

        return new ListOptions(query.Selection(resource))
        {
            Limit = (int)Math.Clamp(query.Number("limit") ?? 0, 0, int.MaxValue),
            Continue = continuation,
            ExactRevision = match == MatchExact ? revision : 0,
        };
    }

    public static WatchOptions Watch(this IQueryCollection query, Resource resource)
    {
        bool initial = query.Flag("sendInitialEvents");
        string match = query["resourceVersionMatch"].ToString();
        if (initial && match != MatchNotOlderThan)
        {
            throw Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (match.Length > 0 && !query.ContainsKey("sendInitialEvents"))
        {
            throw Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }

        return new WatchOptions(query.Selection(resource))
        {
            Revision = Revision(query),
            SendInitialEvents = initial,
            AllowBookmarks = query.Flag("allowWatchBookmarks"),
        };
    }

    private static long Revision(IQueryCollection query)
    {
        string text = query["resourceVersion"].ToString();
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

    private static ApiStatusException Forbidden(string field, string why) =>
        new(422, "Invalid", $"ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}");
}
