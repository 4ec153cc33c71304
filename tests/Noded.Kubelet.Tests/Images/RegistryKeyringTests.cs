using Noded.Kubelet.Images;
using Noded.Kubelet.Tests.Pods;
using Noded.Primitives;

namespace Noded.Kubelet.Tests.Images;

public sealed class RegistryKeyringTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly FlightRecorder _flight = new(16, TimeProvider.System);

    private string ConfigFile => Path.Combine(_directory.FullName, "config.json");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("registry.example.com/team/app:1", "team all")]
    [InlineData("registry.example.com/other/app@sha256:0", "all")]
    [InlineData("registry.example.com:5000/app", "port")]
    [InlineData("busybox", "docker")]
    [InlineData("docker.io/library/busybox:1", "docker")]
    [InlineData("registry.example.community/app", "")]
    public void Find_Image_HasThoseOfItsRegistryAndPath(string image, string users)
    {
        File.WriteAllText(ConfigFile, """
            {"credsStore": "pass", "auths": {
              "https://registry.example.com/v2/": {"username": "all", "password": "1"},
              "registry.example.com/team": {"auth": "dGVhbTphOmI="},
              "registry.example.com:5000": {"username": "port"},
              "https://index.docker.io/v1/": {"username": "docker", "password": "2"},
              "empty.example.com": {}
            }}
            """);

        Assert.Equal(users, string.Join(' ', Keyring().Find(image).Select(credentials => credentials.UserName)));
        Assert.Empty(_flight.Read());
    }

    [Fact]
    public void Find_PasswordWithAColon_IsWhole()
    {
        File.WriteAllText(ConfigFile, """{"auths": {"docker.io": {"auth": "dTphOmI="}}}""");

        Assert.Equal("a:b", Assert.Single(Keyring().Find("busybox")).Password);
        Assert.DoesNotContain("a:b", Keyring().Find("busybox")[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"auths": {"docker.io": {"auth": "secret!"}}}""")]
    public void Find_FileThatMakesNoSense_IsToldWithoutItsContent(string content)
    {
        File.WriteAllText(ConfigFile, content);

        Assert.Empty(Keyring().Find("busybox"));
        Assert.Equal($"read credentials from {ConfigFile}: is not Docker's format", Assert.Single(_flight.Read()).What);
    }

    [Fact]
    public void Find_NoFile_IsNone() => Assert.Empty(Keyring().Find("busybox"));

    [Fact]
    public async Task Pull_WithSeveralCredentials_TriesOneAfterTheOther()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        await File.WriteAllTextAsync(
            Path.Combine(kubelet.Root, "config.json"),
            """{"auths": {"docker.io/library": {"username": "first"}, "docker.io": {"username": "second"}}}""",
            TestContext.Current.CancellationToken);
        kubelet.Runtime.RefusedUser = "first";

        await kubelet.DesireAsync(SamplePods.APod(image: "elsewhere"));

        Assert.Equal(["first", "second"], kubelet.Runtime.PullUsers.AsEnumerable());
        Assert.Single(kubelet.Alive());
    }

    [Fact]
    public async Task Pulls_OfSeveralPods_WaitForTheirTurn()
    {
        await using KubeletHarness kubelet = new KubeletHarness().Start();
        int running = 0;
        int most = 0;
        kubelet.Runtime.OnCall = async (operation, _, _) =>
        {
            if (operation == "pull_image")
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Yield();
                Interlocked.Decrement(ref running);
            }
        };

        await kubelet.DesireAsync(
            SamplePods.APod("u1", "a", image: "x"), SamplePods.APod("u2", "b", image: "y"), SamplePods.APod("u3", "c", image: "z"));

        Assert.Equal((1, 3), (most, kubelet.Alive().Length));
    }

    private RegistryKeyring Keyring() => new(ConfigFile, _flight);
}
