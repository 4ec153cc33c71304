namespace Noded.Testing;

/// <summary>Finds the checked-out sources a test was built from.</summary>
public static class RepositoryRoot
{
    /// <summary>The nearest directory above the test binary that holds Node.sln.</summary>
    /// <exception cref="DirectoryNotFoundException">The binary was copied out of the repository.</exception>
    public static string Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Node.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Node.sln in or above {AppContext.BaseDirectory}.");
    }
}
