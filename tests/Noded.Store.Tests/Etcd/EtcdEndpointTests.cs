using Noded.Store.Etcd;

namespace Noded.Store.Tests.Etcd;

public sealed class EtcdEndpointTests
{
    [Theory]
    [InlineData("3.4.23", false)]
    [InlineData("3.4.31", true)]
    [InlineData("3.5.0", false)]
    [InlineData("3.5.12", false)]
    [InlineData("3.5.13", true)]
    [InlineData("3.6.0", true)]
    public void IsReliable_Version_IsOneWhoseProgressComesAfterTheEvents(string version, bool expected) =>
        Assert.Equal(expected, EtcdEndpoint.IsReliable(Version.Parse(version)));
}
