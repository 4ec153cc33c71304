using System.Net;
using System.Text;
using System.Text.Json;
using Noded.Cni.Results;
using Noded.Primitives;

namespace Noded.Cni.Tests;

public sealed class SkelTests
{
    private const string Config = """{"cniVersion": "1.1.0", "name": "net", "type": "test"}""";

    private readonly Dictionary<string, string> _variables = new()
    {
        ["CNI_COMMAND"] = "ADD",
        ["CNI_CONTAINERID"] = "c1",
        ["CNI_NETNS"] = "/proc/self/ns/net",
        ["CNI_NETNS_OVERRIDE"] = "1",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = "/opt/cni/bin:/usr/lib/cni",
        ["CNI_ARGS"] = "IgnoreUnknown=1;IP=10.0.0.7",
    };

    private readonly RecordingPlugin _plugin = new()
    {
        Answer = _ => new CniResult
        {
            Interfaces = [new CniInterface("eth0", "02:00:00:00:00:01", "/run/netns/x") { Mtu = 1400 }],
            Ips = [new CniAddress(IPPrefix.Parse("10.0.0.7/24")) { Interface = 0, Gateway = IPAddress.Parse("10.0.0.1") }],
            Routes = [new CniRoute(IPPrefix.Parse("0.0.0.0/0")) { Mtu = 1300 }],
        },
    };

    [Fact]
    public void Run_Add_GivesThePluginWhatTheRuntimeSaid()
    {
        (int exitCode, _) = Run(Config);

        Assert.Equal(0, exitCode);
        (string verb, CniRequest request) = Assert.Single(_plugin.Calls);
        Assert.Equal("ADD", verb);
        Assert.Equal(new Attachment("c1", "eth0"), request.Attachment);
        Assert.Equal("/proc/self/ns/net", request.Arguments.NetworkNamespacePath);
        Assert.Equal(["/opt/cni/bin", "/usr/lib/cni"], request.Arguments.SearchPath);
        Assert.Equal("10.0.0.7", request.Arguments.Extra["IP"]);
        Assert.Equal("net", request.Config.Name);
    }

    [Theory]
    [InlineData("0.3.1", """{"cniVersion":"0.3.1","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/x"}],"ips":[{"address":"10.0.0.7/24","version":"4","interface":0,"gateway":"10.0.0.1"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}""")]
    [InlineData("0.4.0", """{"cniVersion":"0.4.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/x"}],"ips":[{"address":"10.0.0.7/24","version":"4","interface":0,"gateway":"10.0.0.1"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}""")]
    [InlineData("1.0.0", """{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/x"}],"ips":[{"address":"10.0.0.7/24","interface":0,"gateway":"10.0.0.1"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}""")]
    [InlineData("1.1.0", """{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/x","mtu":1400}],"ips":[{"address":"10.0.0.7/24","interface":0,"gateway":"10.0.0.1"}],"routes":[{"dst":"0.0.0.0/0","mtu":1300}],"dns":{}}""")]
    public void Run_Add_AnswersInTheConfigurationsVersion(string version, string expected)
    {
        (int exitCode, string output) = Run(Config.Replace("1.1.0", version, StringComparison.Ordinal));

        Assert.Equal(0, exitCode);
        Assert.Equal(JsonNormal(expected), JsonNormal(output));
        Assert.Equal(output, Encoding.UTF8.GetString(CniDocument.Write(
            CniDocument.ReadResult(Encoding.UTF8.GetBytes(output), "read back"), CniVersions.Parse(version))));
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("STATUS")]
    public void Run_VerbWithoutAnAnswer_WritesNothing(string verb)
    {
        _variables["CNI_COMMAND"] = verb;

        Assert.Equal((0, ""), Run(Config));
        Assert.Equal(verb, Assert.Single(_plugin.Calls).Verb);
    }

    [Fact]
    public void Run_DelWithoutANamespace_IsAllowed()
    {
        _variables["CNI_COMMAND"] = "DEL";
        _variables["CNI_NETNS"] = "";

        Assert.Equal((0, ""), Run(Config));
        Assert.Null(Assert.Single(_plugin.Calls).Request.Arguments.NetworkNamespacePath);
    }

    [Theory]
    [InlineData("/nowhere")]
    [InlineData("/etc/passwd")]
    public void Run_DelWithANamespaceThatIsGone_IsWithoutOne(string path)
    {
        _variables["CNI_COMMAND"] = "DEL";
        _variables["CNI_NETNS"] = path;

        Assert.Equal((0, ""), Run(Config));
        Assert.Null(Assert.Single(_plugin.Calls).Request.Arguments.NetworkNamespacePath);
    }

    [Fact]
    public void Run_CheckWithAPreviousResult_ReadsIt()
    {
        _variables["CNI_COMMAND"] = "CHECK";

        (int exitCode, _) = Run("""
            {"cniVersion": "0.4.0", "name": "net", "type": "test",
             "prevResult": {"cniVersion": "0.4.0", "ips": [{"version": "6", "address": "fd00::7/64"}], "dns": {}}}
            """);

        Assert.Equal(0, exitCode);
        CniResult? previous = Assert.Single(_plugin.Calls).Request.PreviousResult;
        Assert.Equal("fd00::7/64", Assert.Single(previous!.Ips!).Address.ToString());
    }

    [Theory]
    [InlineData("""[{"containerID": "c1", "ifname": "eth0"}, {"containerID": "c2", "ifname": "net1"}]""", "c1/eth0 c2/net1")]
    [InlineData("[]", "")]
    [InlineData("null", "")]
    public void Run_Gc_KnowsWhatIsToStay(string valid, string expected)
    {
        _variables["CNI_COMMAND"] = "GC";

        (int exitCode, _) = Run(
            $$"""{"cniVersion": "1.1.0", "name": "net", "type": "test", "cni.dev/valid-attachments": {{valid}}}""");

        Assert.Equal(0, exitCode);
        Assert.Equal(expected, string.Join(' ', Assert.Single(_plugin.Calls).Request.ValidAttachments.Order(
            Comparer<Attachment>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString())))));
    }

    [Fact]
    public void Run_Version_NamesThem()
    {
        _variables.Clear();
        _variables["CNI_COMMAND"] = "VERSION";

        Assert.Equal(
            (0, """{"cniVersion":"1.1.0","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]}"""),
            Run("""{"cniVersion": "1.0.0"}"""));
    }

    [Fact]
    public void Run_ByAPerson_SaysWhatItIs()
    {
        _variables.Clear();
        using MemoryStream errors = new();

        int exitCode = new Skel(Environment(), Stream.Null, Stream.Null, errors).Run("bridge", _plugin);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("CNI bridge plugin of noded\n", Encoding.UTF8.GetString(errors.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CNI_COMMAND", "add", 4, "unknown CNI_COMMAND: add")]
    [InlineData("CNI_CONTAINERID", "", 4, "required env variables [CNI_CONTAINERID] missing")]
    [InlineData("CNI_NETNS", "", 4, "required env variables [CNI_NETNS] missing")]
    [InlineData("CNI_IFNAME", "", 4, "required env variables [CNI_IFNAME] missing")]
    [InlineData("CNI_PATH", "", 4, "required env variables [CNI_PATH] missing")]
    [InlineData("CNI_CONTAINERID", "../c1", 4, "invalid characters in containerID")]
    [InlineData("CNI_CONTAINERID", ".c1", 4, "invalid characters in containerID")]
    [InlineData("CNI_IFNAME", "..", 4, "CNI_IFNAME: interface name \"..\" is . or ..")]
    [InlineData("CNI_IFNAME", "eth/0", 4, "CNI_IFNAME: interface name \"eth/0\" contains / or : or whitespace")]
    [InlineData("CNI_IFNAME", "eth0123456789abc", 4, "CNI_IFNAME: interface name \"eth0123456789abc\" is longer than 15 characters")]
    [InlineData("CNI_ARGS", "IP", 4, "CNI_ARGS: invalid pair \"IP\"")]
    [InlineData("CNI_NETNS", "/nowhere", 3, "the network namespace /nowhere does not exist")]
    [InlineData("CNI_NETNS", "/etc/passwd", 8, "/etc/passwd is no network namespace")]
    [InlineData("CNI_NETNS_OVERRIDE", "0", 8, "plugin's netns and netns from CNI_NETNS should not be the same")]
    public void Run_BadEnvironment_IsRefusedWithItsCode(string variable, string value, int code, string message)
    {
        _variables[variable] = value;

        AssertRefused(Config, code, message);
    }

    [Theory]
    [InlineData("", 6, "error unmarshall network config: The input does not contain any JSON tokens")]
    [InlineData("null", 6, "error unmarshall network config: the document is null")]
    [InlineData("[]", 6, "error unmarshall network config: The JSON value could not be converted")]
    [InlineData("""{"cniVersion": "1.0.0", "name": }""", 6, "error unmarshall network config: '}' is an invalid start of a value")]
    [InlineData("""{"cniVersion": "1.0.0", "name": 7}""", 6, "Path: $.name")]
    [InlineData("""{"cniVersion": "0.2.0", "name": "net"}""", 1, "incompatible CNI versions")]
    [InlineData("""{"cniVersion": "2.0.0", "name": "net"}""", 1, "incompatible CNI versions")]
    [InlineData("""{"name": "net"}""", 1, "incompatible CNI versions")]
    [InlineData("""{"cniVersion": "1.0.0"}""", 7, "missing network name:")]
    [InlineData("""{"cniVersion": "1.0.0", "name": "a/b"}""", 7, "invalid characters found in network name")]
    public void Run_BadConfiguration_IsRefusedWithItsCode(string config, int code, string message) =>
        AssertRefused(config, code, message);

    [Theory]
    [InlineData("CHECK", "0.3.1", 1, "config version does not allow CHECK")]
    [InlineData("CHECK", "0.4.0", 7, "must be called as chained plugin")]
    [InlineData("GC", "1.0.0", 1, "config version does not allow GC")]
    [InlineData("STATUS", "1.0.0", 1, "config version does not allow STATUS")]
    public void Run_VerbThatTheVersionOrConfigurationLacks_IsRefused(string verb, string version, int code, string message)
    {
        _variables["CNI_COMMAND"] = verb;

        AssertRefused(Config.Replace("1.1.0", version, StringComparison.Ordinal), code, message);
    }

    [Fact]
    public void Run_PluginFails_AnswersInTheConfigurationsVersion()
    {
        RecordingPlugin plugin = new() { Answer = _ => throw new IOException("the disk is full") };

        (int exitCode, string output) = Run(Config.Replace("1.1.0", "0.4.0", StringComparison.Ordinal), plugin);

        Assert.Equal(1, exitCode);
        Assert.Equal("""{"cniVersion":"0.4.0","code":5,"msg":"the disk is full"}""", output);
    }

    [Fact]
    public void Run_PluginHasAMistake_IsAnAnswerToo()
    {
        RecordingPlugin plugin = new() { Answer = _ => throw new InvalidOperationException("never") };

        (int exitCode, string output) = Run(Config, plugin);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("""{"cniVersion":"1.1.0","code":999,"msg":"never","details":""", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_RandomInput_IsAlwaysAnswered()
    {
        // A fixed seed: a failure is the same every time.
        Random random = new(20261123);
        byte[] config = Encoding.UTF8.GetBytes(Config);

        for (int round = 0; round < 20_000; round++)
        {
            byte[] mutated = Mutate(config, random);
            using MemoryStream output = new();

            int exitCode = new Skel(Environment(), new MemoryStream(mutated), output, Stream.Null).Run("test", _plugin);

            using JsonDocument answer = JsonDocument.Parse(output.ToArray());
            Assert.Equal(exitCode == 1, answer.RootElement.TryGetProperty("code", out _));
        }
    }

    private static byte[] Mutate(byte[] document, Random random)
    {
        List<byte> bytes = [.. document];

        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(bytes.Count);

            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, (byte)"{}[]\",:0\\"[random.Next(9)]);
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, document.Take(random.Next(document.Length)));
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private static string JsonNormal(string document)
    {
        // Records say in which order fields are written; JSON does not.
        using JsonDocument parsed = JsonDocument.Parse(document);
        return Sorted(parsed.RootElement);

        static string Sorted(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object => $"{{{string.Join(',', element.EnumerateObject()
                .OrderBy(property => property.Name, StringComparer.Ordinal)
                .Select(property => $"{property.Name}:{Sorted(property.Value)}"))}}}",
            JsonValueKind.Array => $"[{string.Join(',', element.EnumerateArray().Select(Sorted))}]",
            _ => element.GetRawText(),
        };
    }

    private void AssertRefused(string config, int code, string message)
    {
        (int exitCode, string output) = Run(config);

        Assert.Equal(1, exitCode);
        using JsonDocument error = JsonDocument.Parse(output);
        Assert.Equal(code, error.RootElement.GetProperty("code").GetInt32());
        Assert.Contains(message, error.RootElement.GetProperty("msg").GetString(), StringComparison.Ordinal);
        Assert.Empty(_plugin.Calls);
    }

    private CniEnvironment Environment() => new(name => _variables.GetValueOrDefault(name));

    private (int ExitCode, string Output) Run(string config, RecordingPlugin? plugin = null)
    {
        using MemoryStream input = new(Encoding.UTF8.GetBytes(config));
        using MemoryStream output = new();
        int exitCode = new Skel(Environment(), input, output, Stream.Null).Run("test", plugin ?? _plugin);
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()));
    }
}
