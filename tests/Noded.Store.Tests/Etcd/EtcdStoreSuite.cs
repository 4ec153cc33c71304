using Noded.Store.Tests.Conformance;

namespace Noded.Store.Tests.Etcd;

public sealed class EtcdStoreSuite(EtcdFixture fixture) : StoreSuite<EtcdFixture>(fixture);
