using Noded.Cni.Results;

namespace Noded.Cni.Plugins.HostLocal;

/// <summary>Reads resolv.conf(5) into a result's resolver settings.</summary>
internal static class ResolvConfFile
{
    internal static CniDns Read(string path) => Parse(File.ReadLines(path));

    /// <summary>As with the resolver, the last <c>domain</c> or <c>search</c> counts; comments begin with # or ;.</summary>
    internal static CniDns Parse(IEnumerable<string> lines)
    {
        List<string> nameservers = [];
        List<string> options = [];
        string[]? search = null;
        string? domain = null;

        foreach (string line in lines)
        {
            string[] words = line.Split(
                (char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

            if (words.Length < 2 || words[0][0] is '#' or ';')
            {
                continue;
            }

            switch (words[0])
            {
                case "nameserver":
                    nameservers.Add(words[1]);
                    break;
                case "domain":
                    domain = words[1];
                    break;
                case "search":
                    search = words[1..];
                    break;
                case "options":
                    options.AddRange(words[1..]);
                    break;
            }
        }

        return new CniDns { Nameservers = nameservers, Domain = domain, Search = search, Options = options };
    }
}
