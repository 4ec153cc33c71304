using System.Globalization;
using System.Text;

namespace Noded.ApiServer.Documents;

/// <summary>Where in a document a walk is; text only when somebody asks.</summary>
internal sealed class PathStack
{
    private readonly List<(string? Name, int Index)> _steps = [];

    public void Push(string name) => _steps.Add((name, 0));

    public void Push(int index) => _steps.Add((null, index));

    public void Pop() => _steps.RemoveAt(_steps.Count - 1);

    /// <summary><c>spec.containers[0].image</c></summary>
    public override string ToString() => Write(withIndexes: true);

    /// <summary>As Go's JSON decoder has it: <c>spec.containers.image</c>.</summary>
    public string WithoutIndexes() => Write(withIndexes: false);

    private string Write(bool withIndexes)
    {
        StringBuilder text = new();
        foreach ((string? name, int index) in _steps)
        {
            if (name is not null)
            {
                text.Append(text.Length > 0 ? "." : "").Append(name);
            }
            else if (withIndexes)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
        }

        return text.ToString();
    }
}
