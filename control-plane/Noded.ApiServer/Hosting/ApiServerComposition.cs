using Microsoft.Extensions.Logging;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Authentication;
using Noded.ApiServer.Authorization;
using Noded.ApiServer.Controllers;
using Noded.ApiServer.Http;
using Noded.ApiServer.Metering;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Strategies;
using Noded.ApiServer.WatchCaches;
using Noded.Primitives;

namespace Noded.ApiServer.Hosting;

/// <summary>Wires the parts of the API server.</summary>
internal sealed class ApiServerComposition : IAsyncDisposable
{
    private readonly ApiServerOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ApiServerMetrics _metrics = new();
    private readonly ServiceNetwork _network;
    private readonly ResourceTable _resources;
    private readonly ObjectCaches _caches;
    private readonly ObjectReader _reader;
    private readonly ObjectWriter _objects;
    private readonly ObjectLeases _leases;
    private readonly StartHook _hook;
    private readonly RbacCache _rbac;
    private readonly ServiceAccountTokens _tokens;
    private readonly RequestAuthenticator _authenticator;
    private readonly AccessGate _gate;

    public ApiServerComposition(ApiServerOptions options, ILoggerFactory loggers)
    {
        options = options with { Store = new MeasuredStore(options.Store, _metrics, options.Clock) };
        (_options, _loggers) = (options, loggers);
        _network = new ServiceNetwork(IPPrefix.Parse(options.ServiceCidr));
        _resources = new ResourceTable(SchemaCatalog.BuiltIn, StrategyTable.Create(_network));
        _caches = new ObjectCaches(
            options.Store, _resources, new WatchCacheOptions(), (options.Clock, loggers.CreateLogger<ObjectCaches>()));
        _metrics.ObjectCounts = _caches.Counts;
        _reader = new ObjectReader(options.Store, _caches);
        _rbac = new RbacCache(options.Store, options.Clock);
        _objects = new ObjectWriter(options.Store, _reader, options.Clock)
        {
            Committed = CommittedAsync,
            Leases = _leases = new ObjectLeases(options.Store, options.EventTimeToLive, options.Clock),
        };
        _hook = new StartHook(_resources, _objects, _network);
        _tokens = new ServiceAccountTokens(
            new JsonWebToken(
                new TokenKey(options.ServiceAccountKey), [.. options.OlderServiceAccountKeys.Select(key => new TokenKey(key))]),
            options.ServiceAccountIssuer, _reader, _resources, options.Clock);
        _authenticator = new RequestAuthenticator(
            new CertificateAuthenticator(options.ClientAuthorities, options.Clock),
            _tokens,
            new BootstrapTokens(_reader, Core("secrets"), options.Clock),
            [options.ServiceAccountIssuer]);
        _gate = new AccessGate(_authenticator, new NodeAuthorizer(_reader, _resources), _rbac);
        DocumentHandler documents = new(SchemaCatalog.BuiltIn, $"{options.Address}:{options.Port}");
        Router = new RequestRouter(
            _resources,
            _gate,
            documents,
            Handlers(),
            (new RequestDeadlines(options.RequestTimeout, options.Clock), _metrics, options.Clock),
            loggers.CreateLogger<RequestRouter>());
    }

    public RequestRouter Router { get; }

    /// <summary>What runs beside the requests, until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        StoreCompactor compactor = new(
            _options.Store, _options.CompactionInterval, _options.Clock, _loggers.CreateLogger<StoreCompactor>());
        Task server = Task.WhenAll(_rbac.RunAsync(cancellationToken), compactor.RunAsync(cancellationToken));
        if (!_options.RunsControllers)
        {
            return server;
        }

        NamespaceController namespaces = new(
            _resources,
            _reader,
            _objects,
            new ObjectWatcher(_caches),
            new NamespaceContent(_resources, _reader, _objects, _options.ClusterAuthority));
        KubernetesServiceController service = new(
            new ObjectWatcher(_caches),
            _resources,
            stopped => _hook.EnsureOwnServiceAsync(_options.AdvertiseAddress, _options.AdvertisePort, stopped),
            _options.Clock);
        ClusterRoleAggregator aggregator = new(
            _rbac, _resources.Get("rbac.authorization.k8s.io", "v1", "clusterroles"), _objects);
        GarbageCollector collector = new(_options.Store, _resources, _objects, _options.Clock);
        return Task.WhenAll(
            server,
            namespaces.RunAsync(_options.Clock, cancellationToken),
            aggregator.RunAsync(_options.Clock, cancellationToken),
            service.RunAsync(cancellationToken),
            collector.RunAsync(cancellationToken));
    }

    /// <summary>Makes the objects that every cluster has.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await _rbac.FilledAsync(cancellationToken);
        await _hook.RunAsync(_options.AdvertiseAddress, _options.AdvertisePort, cancellationToken);
    }

    /// <summary>Ends the watches.</summary>
    public ValueTask DisposeAsync()
    {
        _leases.Dispose();
        return _caches.DisposeAsync();
    }

    private Resource Core(string name) => _resources.Get("", "v1", name);

    private Task CommittedAsync(string key, long revision, CancellationToken cancellationToken) =>
        RbacCache.Covers(key)
            ? _rbac.SeenAsync(revision, cancellationToken)
            : _caches.SeenAsync(key, revision, cancellationToken);

    private RequestHandlers Handlers()
    {
        ResponseWriter writer = new(_options.Clock);
        PatchHandler patches = new();
        AdmissionChain admission = AdmissionPlugins.Create(_reader, _resources, _gate, _options.Clock);
        return new RequestHandlers(
            new ReadHandler(_reader, new StoredWriter(writer)),
            new WatchHandler(new ObjectWatcher(_caches), writer, _metrics, _options.Clock),
            (new WriteHandler(_objects, patches, admission, writer), new DeleteHandler(_reader, _objects, admission, writer)),
            Special(patches, admission, writer),
            Paths());
    }

    /// <summary>What is answered otherwise than the objects of resources.</summary>
    private Dictionary<string, IRequestHandler> Special(
        PatchHandler patches, AdmissionChain admission, ResponseWriter writer)
    {
        BindingHandler binding = new(_objects, Core("pods"), _options.Clock);
        AccessReviewHandler access = new(_gate);
        PodConnectionHandler connection = new(_reader, Core("pods"));
        return new Dictionary<string, IRequestHandler>(StringComparer.Ordinal)
        {
            ["*/scale"] = new ScaleHandler(_reader, _objects, patches, admission, writer),
            ["bindings"] = binding,
            ["pods/binding"] = binding,
            ["pods/attach"] = connection,
            ["pods/exec"] = connection,
            ["pods/log"] = connection,
            ["pods/portforward"] = connection,
            ["pods/eviction"] = new EvictionHandler(_reader, _objects, admission, _resources, _options.Clock),
            ["serviceaccounts/token"] = new TokenRequestHandler(_tokens, _reader, admission, _resources),
            ["subjectaccessreviews.authorization.k8s.io"] = access,
            ["localsubjectaccessreviews.authorization.k8s.io"] = access,
            ["selfsubjectaccessreviews.authorization.k8s.io"] = access,
            ["selfsubjectrulesreviews.authorization.k8s.io"] = new RulesReviewHandler(_gate),
            ["selfsubjectreviews.authentication.k8s.io"] = new SelfReviewHandler(),
            ["tokenreviews.authentication.k8s.io"] = new TokenReviewHandler(_authenticator),
        };
    }

    private Dictionary<string, EncodedDocument> Paths() => new(StringComparer.Ordinal)
    {
        ["/openid/v1/jwks"] = new("application/jwk-set+json", () => _tokens.KeySet),
        ["/.well-known/openid-configuration"] = new("application/json", () => new()
        {
            ["issuer"] = _tokens.Issuer,
            ["jwks_uri"] = $"{_tokens.Issuer}/openid/v1/jwks",
            ["response_types_supported"] = new System.Text.Json.Nodes.JsonArray("id_token"),
            ["subject_types_supported"] = new System.Text.Json.Nodes.JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new System.Text.Json.Nodes.JsonArray(
                [.. _tokens.Algorithms.Select(name => (System.Text.Json.Nodes.JsonNode)name)]),
        }),
    };
}
