using System.Text;

namespace Noded.Store.Crash;

/// <summary>Standard output, each line of which is out before anything else happens.</summary>
internal sealed class Report(Stream output)
{
    private readonly Lock _lock = new();

    public void Line(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + "\n");
        lock (_lock)
        {
            output.Write(bytes);
            output.Flush();
        }
    }
}
