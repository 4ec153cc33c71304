using System.Globalization;
using System.Net;
using System.Text;

namespace Noded.Benchmarks.Proxy;

/// <summary>Services as kube-proxy writes them for nftables and for iptables: one chain per Service, one per endpoint.</summary>
internal static class KubeProxyRules
{
    private const string Masquerade = "0x4000";

    /// <summary>A ruleset for <c>nft -f</c>: a map leads from the address to the chain.</summary>
    internal static string Nftables(int services)
    {
        List<string> elements = [];
        StringBuilder chains = new();
        foreach (int service in Enumerable.Range(0, services))
        {
            string address = BenchmarkServices.ServiceAddress(service).ToString();
            elements.Add(string.Create(
                CultureInfo.InvariantCulture, $"{address} . tcp . {BenchmarkServices.Port} : goto service-{service}"));
            int[] endpoints = EndpointsOf(service);
            string choice = string.Join(", ", endpoints.Select((endpoint, i) => $"{i} : goto endpoint-{endpoint}"));
            chains.AppendLine(CultureInfo.InvariantCulture, $$"""
                  chain service-{{service}} {
                    ip daddr {{address}} tcp dport {{BenchmarkServices.Port}} ip saddr != {{BenchmarkServices.BackendRange}} jump mark-for-masquerade
                    numgen random mod {{endpoints.Length}} vmap { {{choice}} }
                  }
                """);
            foreach (int endpoint in endpoints)
            {
                chains.AppendLine(CultureInfo.InvariantCulture, $$"""
                      chain endpoint-{{endpoint}} {
                        ip saddr {{BenchmarkServices.BackendAddress(endpoint)}} jump mark-for-masquerade
                        meta l4proto tcp dnat to {{BenchmarkServices.Backend(endpoint)}}
                      }
                    """);
            }
        }

        return $$"""
            flush ruleset
            table ip kube-proxy {
              chain mark-for-masquerade {
                meta mark set mark or {{Masquerade}}
              }
            {{chains}}
              map service-ips {
                type ipv4_addr . inet_proto . inet_service : verdict
                elements = { {{string.Join(",\n", elements)}} }
              }
              map no-endpoint-services {
                type ipv4_addr . inet_proto . inet_service : verdict
              }
              chain services {
                ip daddr . meta l4proto . th dport vmap @service-ips
              }
              chain masquerading {
                meta mark & {{Masquerade}} == 0 return
                meta mark set mark xor {{Masquerade}}
                masquerade fully-random
              }
              chain filter-output {
                type filter hook output priority -110;
                ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services
              }
              chain nat-prerouting {
                type nat hook prerouting priority -100;
                jump services
              }
              chain nat-output {
                type nat hook output priority -100;
                jump services
              }
              chain nat-postrouting {
                type nat hook postrouting priority 100;
                jump masquerading
              }
            }

            """;
    }

    /// <summary>A ruleset for <c>nft -f</c> with a node port that leads to one endpoint.</summary>
    /// <param name="isLocal">externalTrafficPolicy Local: the client's address stays.</param>
    internal static string NftablesNodePort(IPAddress node, ushort nodePort, IPEndPoint endpoint, bool isLocal) => $$"""
        flush ruleset
        table ip kube-proxy {
          chain mark-for-masquerade {
            meta mark set mark or {{Masquerade}}
          }
          chain endpoint {
            ip saddr {{endpoint.Address}} jump mark-for-masquerade
            meta l4proto udp dnat to {{endpoint}}
          }
          chain service {
            numgen random mod 1 vmap { 0 : goto endpoint }
          }
          chain external {
            {{(isLocal ? "" : "jump mark-for-masquerade")}}
            goto service
          }
          set nodeport-ips {
            type ipv4_addr
            elements = { {{node}} }
          }
          map service-nodeports {
            type inet_proto . inet_service : verdict
            elements = { udp . {{nodePort}} : goto external }
          }
          map service-ips {
            type ipv4_addr . inet_proto . inet_service : verdict
          }
          chain services {
            ip daddr . meta l4proto . th dport vmap @service-ips
            ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
          }
          chain masquerading {
            meta mark & {{Masquerade}} == 0 return
            meta mark set mark xor {{Masquerade}}
            masquerade fully-random
          }
          chain nat-prerouting {
            type nat hook prerouting priority -100;
            jump services
          }
          chain nat-postrouting {
            type nat hook postrouting priority 100;
            jump masquerading
          }
        }

        """;

    /// <summary>A table for <c>iptables-restore</c>: one rule per Service, one after the other.</summary>
    internal static string Iptables(int services)
    {
        StringBuilder chains = new();
        StringBuilder rules = new();
        foreach (int service in Enumerable.Range(0, services))
        {
            string target = string.Create(
                CultureInfo.InvariantCulture, $"-d {BenchmarkServices.ServiceAddress(service)}/32 -p tcp -m tcp --dport {BenchmarkServices.Port}");
            chains.AppendLine(CultureInfo.InvariantCulture, $":KUBE-SVC-{service} - [0:0]");
            rules.AppendLine(CultureInfo.InvariantCulture, $"-A KUBE-SERVICES {target} -j KUBE-SVC-{service}");
            rules.AppendLine(
                CultureInfo.InvariantCulture, $"-A KUBE-SVC-{service} ! -s {BenchmarkServices.BackendRange} {target} -j KUBE-MARK-MASQ");
            int[] endpoints = EndpointsOf(service);
            for (int i = 0; i < endpoints.Length; i++)
            {
                string chance = i == endpoints.Length - 1
                    ? ""
                    : string.Create(CultureInfo.InvariantCulture, $"-m statistic --mode random --probability {1.0 / (endpoints.Length - i):F10} ");
                string chain = string.Create(CultureInfo.InvariantCulture, $"KUBE-SEP-{endpoints[i]}");
                chains.AppendLine(CultureInfo.InvariantCulture, $":{chain} - [0:0]");
                rules.AppendLine(CultureInfo.InvariantCulture, $"-A KUBE-SVC-{service} {chance}-j {chain}");
                rules.AppendLine(
                    CultureInfo.InvariantCulture, $"-A {chain} -s {BenchmarkServices.BackendAddress(endpoints[i])}/32 -j KUBE-MARK-MASQ");
                rules.AppendLine(
                    CultureInfo.InvariantCulture, $"-A {chain} -p tcp -m tcp -j DNAT --to-destination {BenchmarkServices.Backend(endpoints[i])}");
            }
        }

        return $"""
            *nat
            :PREROUTING ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            :KUBE-SERVICES - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            {chains}-A PREROUTING -j KUBE-SERVICES
            -A OUTPUT -j KUBE-SERVICES
            -A POSTROUTING -j KUBE-POSTROUTING
            -A KUBE-MARK-MASQ -j MARK --set-xmark {Masquerade}/{Masquerade}
            -A KUBE-POSTROUTING -m mark ! --mark {Masquerade}/{Masquerade} -j RETURN
            -A KUBE-POSTROUTING -j MARK --set-xmark {Masquerade}/0x0
            -A KUBE-POSTROUTING -j MASQUERADE --random-fully
            {rules}COMMIT

            """;
    }

    private static int[] EndpointsOf(int service) =>
        [.. Enumerable.Range(service * BenchmarkServices.Endpoints, BenchmarkServices.Endpoints)];
}
