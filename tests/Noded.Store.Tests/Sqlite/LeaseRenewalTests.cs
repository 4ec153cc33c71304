using System.Text;
using Noded.Store.Sqlite;

namespace Noded.Store.Tests.Sqlite;

public sealed class LeaseRenewalTests
{
    private const string Key = "/registry/leases/kube-node-lease/node1";

    private const string Lease = """
        {"kind":"Lease","metadata":{"name":"node1","uid":"u","managedFields":[{"time":"1"}]},
        "spec":{"holderIdentity":"node1","leaseDurationSeconds":40,"renewTime":"2026-11-25T10:00:00.000000Z"}}
        """;

    [Theory]
    [InlineData("10:00:00", "10:00:10", true)]
    [InlineData("""[{"time":"1"}]""", """[{"time":"2"}]""", true)]
    [InlineData("\"uid\":\"u\"", "\"uid\":\"u\",\"resourceVersion\":\"7\"", true)]
    [InlineData("\"holderIdentity\":\"node1\"", "\"holderIdentity\":\"node2\"", false)]
    [InlineData("40", "41", false)]
    [InlineData("\"uid\":\"u\"", "\"uid\":\"v\"", false)]
    [InlineData("\"uid\":\"u\"", "\"uid\":\"u\",\"labels\":{}", false)]
    [InlineData(",\"leaseDurationSeconds\":40", "", false)]
    [InlineData("\"kind\":\"Lease\",", "", false)]
    [InlineData("{\"kind\"", "{\"status\":{},\"kind\"", false)]
    [InlineData("\"2026-11-25T10:00:00.000000Z\"", "null", false)]
    [InlineData("}}", "", false)]
    public void Is_Change_IsARenewalOrNot(string old, string now, bool expected) => Assert.Equal(
        expected,
        LeaseRenewal.Is(Key, Encoding.UTF8.GetBytes(Lease), Encoding.UTF8.GetBytes(Lease.Replace(old, now, StringComparison.Ordinal))));

    [Fact]
    public void Is_AnotherKind_IsNot() =>
        Assert.False(LeaseRenewal.Is("/registry/pods/a/b", Encoding.UTF8.GetBytes(Lease), Encoding.UTF8.GetBytes(Lease)));
}
