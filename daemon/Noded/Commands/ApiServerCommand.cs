using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using Noded.Composition;
using Noded.Primitives;

namespace Noded.Commands;

/// <summary>
/// <c>noded apiserver</c>, and the binary under the name <c>kube-apiserver</c>: upstream's flags, so that manifests are
/// interchangeable. Those that change nothing are taken where they say what is so (<see cref="ApiServerFlags"/>).
/// </summary>
internal static class ApiServerCommand
{
    /// <summary>The name under which the binary is nothing but an API server.</summary>
    internal const string ProgramName = "kube-apiserver";

    private const string StandardStore = "/var/lib/noded/apiserver/store.db";

    internal static Command Create()
    {
        Option<string> certificate = Required("--tls-cert-file", "The server's certificate, PEM");
        Option<string> key = Required("--tls-private-key-file", "Its key");
        Option<string> clients = Required("--client-ca-file", "Who vouches for clients, PEM");
        Option<string> signingKey = Required(
            "--service-account-signing-key-file", "Signs the tokens of ServiceAccounts: RSA or ECDSA, PEM");
        Option<string[]> tokenKeys = new("--service-account-key-file") { Description = "Keys whose tokens are taken, too, PEM" };
        Option<string> issuer = With(
            "--service-account-issuer", "Who tokens say has issued them", "https://kubernetes.default.svc.cluster.local");
        Option<string> bind = With("--bind-address", "Where to listen", "0.0.0.0");
        Option<int> port = new("--secure-port") { Description = "The port, 0 for any", DefaultValueFactory = _ => 6443 };
        Option<string?> advertise = new("--advertise-address") { Description = "Where pods find the server" };
        Option<string> services = With("--service-cluster-ip-range", "Addresses of Services", "10.96.0.0/12");
        Option<string[]> etcd = new("--etcd-servers") { Description = "etcd's members; without any, the embedded store" };
        Option<string?> etcdAuthority = new("--etcd-cafile") { Description = "Who vouches for etcd, PEM" };
        Option<string?> etcdCertificate = new("--etcd-certfile") { Description = "The certificate to show to etcd" };
        Option<string?> etcdKey = new("--etcd-keyfile") { Description = "Its key" };
        Option<string> etcdPrefix = With("--etcd-prefix", "What all keys in etcd begin with", "/registry");
        Option<TimeSpan> timeout = CommonOptions.Duration(
            "--request-timeout", "How long a request may take that is no watch", TimeSpan.FromMinutes(1));
        Option<TimeSpan> eventTime = CommonOptions.Duration("--event-ttl", "How long events stay", TimeSpan.FromHours(1));
        Option<TimeSpan> compaction = CommonOptions.Duration(
            "--etcd-compaction-interval", "How long what was overwritten can be read, 0 to leave that to others", TimeSpan.FromMinutes(5));
        Option<string> file = With("--datastore-file", "Noded's own: the embedded store", StandardStore);
        Command command = new("apiserver", "Serve the Kubernetes API")
        {
            certificate, key, clients, signingKey, tokenKeys, issuer, bind, port, advertise, services, etcd, etcdAuthority,
            etcdCertificate, etcdKey, etcdPrefix, timeout, eventTime, compaction, file,
        };
        foreach (Option flag in ApiServerFlags.Create())
        {
            command.Add(flag);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                ApiServerSettings settings = new()
                {
                    CertificateFile = parsed.GetRequiredValue(certificate),
                    KeyFile = parsed.GetRequiredValue(key),
                    ClientAuthorityFile = parsed.GetRequiredValue(clients),
                    SigningKeyFile = parsed.GetRequiredValue(signingKey),
                    TokenKeyFiles = [.. parsed.GetValue(tokenKeys) ?? []],
                    Issuer = parsed.GetRequiredValue(issuer),
                    BindAddress = Address(bind, parsed.GetRequiredValue(bind))!,
                    Port = parsed.GetRequiredValue(port),
                    AdvertiseAddress = Address(advertise, parsed.GetValue(advertise)),
                    ServiceCidr = parsed.GetRequiredValue(services),
                    EtcdServers = [.. CommonOptions.Split(parsed.GetValue(etcd)).Select(url => new Uri(url, UriKind.Absolute))],
                    EtcdAuthorityFile = parsed.GetValue(etcdAuthority),
                    EtcdCertificateFile = parsed.GetValue(etcdCertificate),
                    EtcdKeyFile = parsed.GetValue(etcdKey),
                    EtcdPrefix = parsed.GetRequiredValue(etcdPrefix),
                    RequestTimeout = parsed.GetValue(timeout),
                    EventTimeToLive = parsed.GetValue(eventTime),
                    CompactionInterval = parsed.GetValue(compaction),
                    StoreFile = parsed.GetRequiredValue(file),
                };
                await ApiServerProgram.RunAsync(settings, cancellationToken);
                return 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }

    private static Option<string> Required(string name, string description) =>
        new(name) { Description = description, Required = true };

    private static Option<string> With(string name, string description, string value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static IPAddress? Address(Option option, string? text) =>
        text is null ? null
        : IPAddressText.TryParse(text, out IPAddress? address) ? address
        : throw new FormatException($"{option.Name} {text}: needs an IP address.");
}
