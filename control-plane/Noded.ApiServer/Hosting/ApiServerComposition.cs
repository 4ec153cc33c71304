using Microsoft.Extensions.Logging;

using Noded.ApiServer.Admission;
using Noded.ApiServer.Authentication;
using Noded.ApiServer.Authorization;
using Noded.ApiServer.Http;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Schemas;
using Noded.ApiServer.Strategies;
using Noded.Primitives;

namespace Noded.ApiServer.Hosting;

/// <summary>Wires the parts of the API server.</summary>
internal sealed class ApiServerComposition
{
    private readonly ApiServerOptions _options;
    private readonly ServiceNetwork _network;
    private readonly ObjectReader _reader;
    private readonly ObjectWriter _objects;
    private readonly ResourceTable _resources;

    public ApiServerComposition(ApiServerOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _network = new ServiceNetwork(IPPrefix.Parse(options.ServiceCidr));
        _resources = new ResourceTable(SchemaCatalog.BuiltIn, StrategyTable.Create(_network));
        _reader = new ObjectReader(options.Store);
        _objects = new ObjectWriter(options.Store, _reader, options.Clock);
        ObjectWatcher watcher = new(options.Store, _reader);
        ResponseWriter writer = new(options.Clock);
        PatchHandler patches = new();
        AdmissionChain admission = new([]);
        RequestHandlers handlers = new(
            new ReadHandler(_reader, writer),
            new WatchHandler(watcher, writer, options.Clock),
            new WriteHandler(_objects, patches, admission, writer),
            new DeleteHandler(_reader, _objects, writer),
            Special(patches, writer));
        AccessGate gate = new(new CertificateAuthenticator(options.ClientAuthorities, options.Clock));
        DocumentHandler documents = new(SchemaCatalog.BuiltIn, $"{options.Address}:{options.Port}");
        Router = new RequestRouter(_resources, gate, documents, handlers, loggers.CreateLogger<RequestRouter>());
    }

    public RequestRouter Router { get; }

    /// <summary>Makes the objects that every cluster has.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) =>
        new StartHook(_resources, _objects, _network).RunAsync(
            _options.AdvertiseAddress, _options.AdvertisePort, cancellationToken);

    /// <summary>What is answered otherwise than the objects of resources.</summary>
    private Dictionary<string, IRequestHandler> Special(PatchHandler patches, ResponseWriter writer)
    {
        BindingHandler binding = new(_objects, _resources.Get("", "v1", "pods"), _options.Clock);
        return new Dictionary<string, IRequestHandler>(StringComparer.Ordinal)
        {
            ["*/scale"] = new ScaleHandler(_reader, _objects, patches, writer),
            ["bindings"] = binding,
            ["pods/binding"] = binding,
            ["pods/eviction"] = new EvictionHandler(_reader, _objects, _resources, _options.Clock),
        };
    }
}
