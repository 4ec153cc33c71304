using Noded.Kubelet.Sources;

namespace Noded.Kubelet.Tests.Sources;

public sealed class RuntimeClassFolderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");
    private readonly RuntimeClassFolder _folder;

    public RuntimeClassFolderTests() => _folder = new RuntimeClassFolder(_directory.FullName);

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Refresh_FileComesChangesAndGoes_IsAChangeEachTime()
    {
        Assert.False(_folder.Refresh());
        Write("a.yaml", "gvisor", "runsc");
        Assert.True(_folder.Refresh());
        Assert.False(_folder.Refresh());
        Assert.Equal("runsc", _folder.TryGet("gvisor")?.Handler);

        Write("a.yaml", "gvisor", "runsc-kvm");
        Assert.True(_folder.Refresh());
        Assert.Equal("runsc-kvm", _folder.TryGet("gvisor")?.Handler);

        File.Delete(At("a.yaml"));
        Assert.True(_folder.Refresh());
        Assert.Null(_folder.TryGet("gvisor"));
    }

    [Fact]
    public void Refresh_FileTurnsBad_KeepsItsLastGoodVersionAndSaysWhy()
    {
        Write("a.yaml", "gvisor", "runsc");
        _folder.Refresh();
        File.WriteAllText(At("a.yaml"), "kind: RuntimeClass\napiVersion: node.k8s.io/v1\nmetadata: {name: gvisor}\nhandler: UPPER");

        Assert.False(_folder.Refresh());

        Assert.StartsWith("a.yaml:4: handler: Invalid value", Assert.Single(_folder.Errors), StringComparison.Ordinal);
        Assert.Equal("runsc", _folder.TryGet("gvisor")?.Handler);
        Write("a.yaml", "gvisor", "runsc");
        Assert.False(_folder.Refresh());
        Assert.Empty(_folder.Errors);
    }

    [Fact]
    public void Refresh_TwoOfOneNameAndAHiddenFile_TheFirstCounts()
    {
        Write("b.yaml", "gvisor", "second");
        Write("a.yaml", "gvisor", "first");
        Write(".c.yaml", "kata", "kata");

        _folder.Refresh();

        Assert.Equal(("first", null), (_folder.TryGet("gvisor")?.Handler, _folder.TryGet("kata")?.Handler));
    }

    [Fact]
    public void Refresh_DirectoryIsMissing_IsNoClassAndNoError()
    {
        RuntimeClassFolder folder = new(At("nowhere"));

        Assert.False(folder.Refresh());
        Assert.Empty(folder.Errors);
    }

    private string At(string file) => Path.Combine(_directory.FullName, file);

    private void Write(string file, string name, string handler) => File.WriteAllText(
        At(file), $"apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {{name: {name}}}\nhandler: {handler}");
}
