using System.Collections.Immutable;
using System.Text.RegularExpressions;
using k8s.Models;
using Noded.Api;
using Noded.Api.Validation;
using Noded.Kubelet.Sources;
using Noded.Testing;

namespace Noded.Kubelet.Tests.Sources;

/// <summary>Every field that is refused, by name: one row per line of <see cref="UnsupportedFeatures"/>.</summary>
public sealed partial class UnsupportedFeaturesTests
{
    private const string Forbidden = "Forbidden: not supported by this node yet";

    private static readonly Dictionary<string, Action<V1PodSpec>> Rows = new()
    {
        ["spec.volumes[1].image"] = spec => spec.Volumes =
        [
            new V1Volume { Name = "a", HostPath = new V1HostPathVolumeSource() },
            new V1Volume { Name = "b", Image = new V1ImageVolumeSource() },
        ],
        ["spec.volumes[0].emptyDir.medium"] = spec => spec.Volumes =
            [new V1Volume { Name = "a", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Paper" } }],
        ["lifecycle.postStart.tcpSocket"] = OfContainer(container => container.Lifecycle = new V1Lifecycle
        {
            PostStart = new V1LifecycleHandler { TcpSocket = new V1TCPSocketAction() },
        }),
        ["lifecycle.preStop.tcpSocket"] = OfContainer(container => container.Lifecycle = new V1Lifecycle
        {
            PreStop = new V1LifecycleHandler { TcpSocket = new V1TCPSocketAction() },
        }),
        ["restartPolicyRules[1].action"] = OfContainer(container => container.RestartPolicyRules =
        [
            new V1ContainerRestartRule { Action = "Restart" }, new V1ContainerRestartRule { Action = "RestartAllContainers" },
        ]),
        ["volumeDevices"] = OfContainer(container => container.VolumeDevices = [new V1VolumeDevice()]),
        ["resources.limits[example.com/gpu]"] = OfContainer(container => container.Resources = new V1ResourceRequirements
        {
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["example.com/gpu"] = new("1") },
        }),
        ["envFrom"] = OfContainer(container => container.EnvFrom = [new V1EnvFromSource()]),
    };

    [GeneratedRegex(@"^\s+Refuse\(errors, ", RegexOptions.Multiline)]
    private static partial Regex RefuseLine { get; }

    public static TheoryData<string> PodFields => [.. Rows.Keys.Where(IsOfPod)];

    public static TheoryData<string> ContainerFields => [.. Rows.Keys.Where(name => !IsOfPod(name))];

    [Theory]
    [MemberData(nameof(PodFields))]
    public void Find_FieldOfThePod_IsRefused(string field)
    {
        V1PodSpec spec = Plain();
        Rows[field](spec);

        FieldError error = Assert.Single(Find(spec));

        Assert.Equal(field, error.Field.ToString());
        Assert.StartsWith("Forbidden: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ContainerFields))]
    public void Find_FieldOfAContainer_IsRefusedInContainersAndInitContainers(string field)
    {
        V1PodSpec spec = Plain();
        Rows[field](spec);

        Assert.Equal(
            [$"spec.initContainers[0].{field}: {Forbidden}", $"spec.containers[0].{field}: {Forbidden}"],
            Find(spec).Select(error => error.ToString()));
    }

    [Fact]
    public void Find_NothingUnusual_IsAccepted() => Assert.Empty(Find(Plain()));

    [Fact]
    public void Find_DefaultsThatUpstreamFillsIn_AreAccepted()
    {
        V1PodSpec spec = Plain();
        spec.SecurityContext = new V1PodSecurityContext { SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" } };
        spec.Containers[0].TerminationMessagePath = "/dev/termination-log";
        spec.Containers[0].TerminationMessagePolicy = "File";
        spec.Containers[0].SecurityContext = new V1SecurityContext { ProcMount = "Default", RunAsNonRoot = false };

        Assert.Empty(Find(spec));
    }

    [Fact]
    public void Rows_OfThisTable_AreAsManyAsTheLinesThatRefuse()
    {
        string source = File.ReadAllText(
            Path.Combine(RepositoryRoot.Find(), "daemon/Noded.Kubelet/Sources/UnsupportedFeatures.cs"));

        Assert.Equal(RefuseLine.Count(source), Rows.Count);
    }

    private static bool IsOfPod(string field) => field.StartsWith("spec.", StringComparison.Ordinal);

    private static ImmutableArray<FieldError> Find(V1PodSpec spec)
    {
        FieldErrors errors = new();
        UnsupportedFeatures.Find(new V1Pod { Spec = spec }, FieldPath.Empty, errors);
        return errors.ToImmutable();
    }

    private static V1PodSpec Plain() => new()
    {
        HostNetwork = true,
        InitContainers = [new V1Container { Name = "init" }],
        Containers = [new V1Container { Name = "app" }],
    };

    private static Action<V1PodSpec> OfPod(Action<V1PodSecurityContext> change) => spec =>
    {
        spec.SecurityContext = new V1PodSecurityContext();
        change(spec.SecurityContext);
    };

    private static Action<V1PodSpec> OfContainer(Action<V1Container> change) => spec =>
    {
        change(spec.InitContainers[0]);
        change(spec.Containers[0]);
    };

    private static Action<V1PodSpec> OfSecurity(Action<V1SecurityContext> change) => OfContainer(container =>
    {
        container.SecurityContext = new V1SecurityContext();
        change(container.SecurityContext);
    });
}
