using Noded.Store.Tests.Conformance;

namespace Noded.Store.Tests.Sqlite;

public sealed class SqliteStoreSuite(SqliteFixture fixture) : StoreSuite<SqliteFixture>(fixture);
