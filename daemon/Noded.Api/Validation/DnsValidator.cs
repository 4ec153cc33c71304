using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>A pod's DNS policy and the resolv.conf it asks for.</summary>
internal static class DnsValidator
{
    internal const int MaxNameservers = 3;
    internal const int MaxSearches = 32;
    internal const int MaxSearchCharacters = 2048;

    public static void Validate(V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        FieldPath configPath = path.Child("dnsConfig");
        errors.RequireOneOf(
            path.Child("dnsPolicy"), spec.DnsPolicy, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");

        if (spec.DnsPolicy == "None" && spec.DnsConfig is null)
        {
            errors.Required(configPath, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        else if (spec.DnsPolicy == "None" && spec.DnsConfig.Nameservers.OrEmpty().Count == 0)
        {
            errors.Required(
                configPath.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }

        if (spec.DnsConfig is not null)
        {
            Config(spec.DnsConfig, configPath, errors);
        }
    }

    private static void Config(V1PodDNSConfig config, FieldPath path, FieldErrors errors)
    {
        IList<string> servers = config.Nameservers.OrEmpty();
        FieldPath serversPath = path.Child("nameservers");
        if (servers.Count > MaxNameservers)
        {
            errors.Invalid(serversPath, string.Join(' ', servers), "must not have more than 3 nameservers");
        }

        for (int i = 0; i < servers.Count; i++)
        {
            AddressRules.Validate(servers[i], serversPath.Index(i), errors);
        }

        IList<string> searches = config.Searches.OrEmpty();
        FieldPath searchesPath = path.Child("searches");
        if (searches.Count > MaxSearches)
        {
            errors.Invalid(searchesPath, string.Join(' ', searches), "must not have more than 32 search paths");
        }

        if (searches.Sum(search => search.Length) + Math.Max(0, searches.Count - 1) > MaxSearchCharacters)
        {
            errors.Invalid(
                searchesPath, "", "must not have more than 2048 characters (including spaces) in the search list");
        }

        for (int i = 0; i < searches.Count; i++)
        {
            // "." alone and a closing dot are what resolv.conf knows; an underscore is allowed in front of a label.
            string name = searches[i] == "." ? "root" : searches[i].TrimEnd('.').Replace('_', 'x');
            errors.Invalid(searchesPath.Index(i), searches[i], NameRules.Dns1123Subdomain(name));
        }

        IList<V1PodDNSConfigOption> options = config.Options.OrEmpty();
        for (int i = 0; i < options.Count; i++)
        {
            if (string.IsNullOrEmpty(options[i].Name))
            {
                errors.Required(path.Child("options").Index(i), "must not be empty");
            }
        }
    }
}
