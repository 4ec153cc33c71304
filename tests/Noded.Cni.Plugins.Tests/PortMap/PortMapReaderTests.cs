using System.Text.Json;
using Noded.Cni.Plugins.PortMap;

namespace Noded.Cni.Plugins.Tests.PortMap;

public sealed class PortMapReaderTests
{
    [Theory]
    [InlineData("""{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "192.0.2.1"}""")]
    [InlineData("""{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp", "HostIP": "192.0.2.1"}""")]
    public void ReadPorts_KeysAsTheSpecificationOrContainerdWritesThem_AreRead(string mapping)
    {
        PortMapConfig config = JsonSerializer.Deserialize(
            "{\"runtimeConfig\": {\"portMappings\": [" + mapping + "]}}", PortMapJson.Default.PortMapConfig)!;

        HostPort port = Assert.Single(PortMapReader.ReadPorts(config));

        Assert.Equal(
            (HostPort.Tcp, (ushort)8080, (ushort)80, "192.0.2.1"),
            (port.Protocol, port.Port, port.ContainerPort, port.Address?.ToString()));
    }
}
