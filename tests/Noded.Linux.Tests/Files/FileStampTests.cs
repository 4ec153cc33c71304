using Noded.Linux.Files;
using Noded.Testing;

namespace Noded.Linux.Tests.Files;

public sealed class FileStampTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nd-");

    private string FilePath => Path.Combine(_directory.FullName, "a");

    [Fact]
    public void TryRead_RegularFile_HasItsLength()
    {
        File.WriteAllText(FilePath, "12345");

        FileStamp stamp = FileStamp.TryRead(FilePath)!.Value;

        Assert.Equal((5ul, true), (stamp.Length, stamp.IsRegular));
        Assert.Equal(stamp, FileStamp.TryRead(FilePath));
    }

    [Fact]
    public void TryRead_LinkToAFile_IsTheFilesOwn()
    {
        File.WriteAllText(FilePath, "12345");
        string link = Path.Combine(_directory.FullName, "link");
        File.CreateSymbolicLink(link, FilePath);

        Assert.Equal(FileStamp.TryRead(FilePath), FileStamp.TryRead(link));
    }

    [Fact]
    public void TryRead_FileMovedIntoPlaceWithItsTime_Differs()
    {
        File.WriteAllText(FilePath, "12345");
        FileStamp? before = FileStamp.TryRead(FilePath);
        string other = Path.Combine(_directory.FullName, "b");
        File.WriteAllText(other, "54321");
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(FilePath));

        File.Move(other, FilePath, overwrite: true);

        Assert.NotEqual(before, FileStamp.TryRead(FilePath));
    }

    [Fact]
    public void TryRead_NothingThere_IsNull() => Assert.Null(FileStamp.TryRead(FilePath));

    [Fact]
    public async Task TryRead_Pipe_IsNotRegular()
    {
        (await ChildProcess.RunAsync("mkfifo", [FilePath], TestContext.Current.CancellationToken)).OrThrow();

        Assert.False(FileStamp.TryRead(FilePath)!.Value.IsRegular);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
