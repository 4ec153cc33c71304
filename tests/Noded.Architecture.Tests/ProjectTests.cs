using Noded.Architecture.Tests.Rules;

namespace Noded.Architecture.Tests;

/// <summary>Which project may know which, and what every project has.</summary>
public sealed class ProjectTests
{
    private static readonly string[] MayBeUnsafe = ["Noded.Linux", "Noded.Bpf"];

    [Fact]
    public void ProjectReferences_OfEveryProject_AreInTheTable() => Repository.AssertNone(
        ProjectTable.Findings(ProjectTable.Parse(Repository.Text("ARCHITECTURE.md")), Repository.Projects));

    [Fact]
    public void Findings_StrayReference_NamesIt()
    {
        const string Table = """
            | project | responsibility | may reference |
            | --- | --- | --- |
            | daemon/Noded.Kubelet | Pods | Api, Linux |
            | daemon/Noded.Api | Objects | – |
            """;
        const string Project = """
            <Project><ItemGroup>
              <ProjectReference Include="../Noded.Api/Noded.Api.csproj" />
              <ProjectReference Include="..\Noded.Bpf\Noded.Bpf.csproj" />
            </ItemGroup></Project>
            """;

        IEnumerable<string> findings = ProjectTable.Findings(
            ProjectTable.Parse(Table),
            [new("daemon/Noded.Kubelet/Noded.Kubelet.csproj", Project), new("daemon/New/New.csproj", "<Project />")]);

        Assert.Equal(
            [
                "daemon/Noded.Kubelet/Noded.Kubelet.csproj: may not reference Noded.Bpf",
                "daemon/New/New.csproj: has no row in ARCHITECTURE.md",
                "ARCHITECTURE.md: there is no project daemon/Noded.Api",
            ],
            findings);
    }

    [Fact]
    public void UnsafeBlocks_AreAllowed_OnlyBesideTheKernel() => Repository.AssertNone(Repository.Projects
        .Where(project => ProjectTable.AllowsUnsafe(project.Text))
        .Select(project => project.Path)
        .Where(path => !MayBeUnsafe.Contains(Path.GetFileNameWithoutExtension(path))));

    [Theory]
    [InlineData("<Project><PropertyGroup><AllowUnsafeBlocks>true</AllowUnsafeBlocks></PropertyGroup></Project>", true)]
    [InlineData("<Project><PropertyGroup><AllowUnsafeBlocks>false</AllowUnsafeBlocks></PropertyGroup></Project>", false)]
    [InlineData("<Project />", false)]
    public void AllowsUnsafe_Project_IsWhatItSays(string project, bool expected) =>
        Assert.Equal(expected, ProjectTable.AllowsUnsafe(project));

    [Fact]
    public void Projects_All_HaveALockFile() => Repository.AssertNone(Repository.Projects
        .Select(project => ProjectTable.DirectoryOf(project.Path) + "/packages.lock.json")
        .Except(Repository.Paths));

    [Fact]
    public void Projects_All_AreInTheSolution()
    {
        string solution = Repository.Text("Node.sln").Replace('\\', '/');

        Repository.AssertNone(Repository.Projects
            .Select(project => project.Path)
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void PackageSources_AreTheMachines_NotTheRepositorys() => Repository.AssertNone(
        Repository.Paths.Where(path => Path.GetFileName(path).Equals("nuget.config", StringComparison.OrdinalIgnoreCase)));
}
