using System.Collections.Immutable;
using System.Globalization;
using Noded.Api;
using Noded.Api.Serialization;
using Noded.Api.Validation;
using Noded.Kubelet.Eviction;
using Noded.Primitives;

namespace Noded.Kubelet.Configuration;

/// <summary>The thresholds of a configuration, by upstream's rules: a soft one needs a grace period of its own.</summary>
internal sealed class EvictionThresholdReader(FieldErrors errors)
{
    /// <summary>
    /// A map of hard thresholds that is given replaces the default one, or is merged with it if the configuration says so.
    /// </summary>
    internal ImmutableArray<EvictionThreshold>? Read(KubeletConfiguration from)
    {
        Dictionary<string, EvictionAmount> reclaim = Amounts(from.EvictionMinimumReclaim, "evictionMinimumReclaim");
        Dictionary<string, TimeSpan> grace = GracePeriods(from.EvictionSoftGracePeriod);
        List<EvictionThreshold> soft =
        [
            .. Amounts(from.EvictionSoft, "evictionSoft").Select(threshold => Soft(threshold.Key, threshold.Value)),
        ];
        IEnumerable<EvictionThreshold> own = Amounts(from.EvictionHard, "evictionHard")
            .Select(threshold => new EvictionThreshold(threshold.Key, threshold.Value, null, ReclaimOf(threshold.Key)));
        IEnumerable<EvictionThreshold> usual = from.EvictionHard is null || from.MergeDefaultEvictionSettings == true
            ? EvictionOptions.Default.Thresholds
                .Where(threshold => from.EvictionHard?.ContainsKey(threshold.Signal) != true)
                .Select(threshold => threshold with { MinimumReclaim = ReclaimOf(threshold.Signal) })
            : [];
        return [.. own, .. usual, .. soft];

        EvictionThreshold Soft(string signal, EvictionAmount value)
        {
            if (!grace.TryGetValue(signal, out TimeSpan period))
            {
                errors.Refuse(new FieldPath("evictionSoft").Key(signal), "Required value: a period of this signal in evictionSoftGracePeriod");
            }

            return new EvictionThreshold(signal, value, period, ReclaimOf(signal));
        }

        EvictionAmount ReclaimOf(string signal) => reclaim.GetValueOrDefault(signal, EvictionThreshold.Nothing);
    }

    private Dictionary<string, EvictionAmount> Amounts(Dictionary<string, string>? texts, string field)
    {
        Dictionary<string, EvictionAmount> amounts = [];
        foreach ((string signal, string text) in texts ?? [])
        {
            FieldPath path = new FieldPath(field).Key(signal);
            CheckSignal(signal, path);
            if (TryParse(text) is { } amount)
            {
                // Upstream's way to say that a threshold does not count.
                if (amount is not ({ Quantity: 0 } or { Quantity: null, Fraction: 0 or 1 }))
                {
                    amounts[signal] = amount;
                }
            }
            else
            {
                errors.Invalid(path, text, "needs a quantity such as 100Mi or a percentage such as 10%");
            }
        }

        return amounts;
    }

    private Dictionary<string, TimeSpan> GracePeriods(Dictionary<string, string>? texts)
    {
        Dictionary<string, TimeSpan> periods = [];
        foreach ((string signal, string text) in texts ?? [])
        {
            FieldPath path = new FieldPath("evictionSoftGracePeriod").Key(signal);
            CheckSignal(signal, path);
            if (ApiDuration.TryParse(text) is { } period)
            {
                periods[signal] = period;
            }
            else
            {
                errors.Invalid(path, text, "needs a duration such as 90s or 5m");
            }
        }

        return periods;
    }

    private void CheckSignal(string signal, FieldPath path) =>
        errors.AllowOneOf(path, signal, EvictionSignals.Configurable.AsSpan());

    private static EvictionAmount? TryParse(string text)
    {
        if (text.EndsWith('%'))
        {
            return double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
                && percent is >= 0 and <= 100
                    ? new EvictionAmount(null, percent / 100)
                    : null;
        }

        return Quantity.TryParse(text, out Quantity quantity) && !quantity.IsNegative
            ? new EvictionAmount(quantity.Value, 0)
            : null;
    }
}
