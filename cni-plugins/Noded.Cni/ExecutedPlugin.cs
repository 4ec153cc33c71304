using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>Somebody else's plugin, started as the specification says.</summary>
internal sealed class ExecutedPlugin(string path) : ICniPlugin
{
    public CniResult Add(CniRequest request) =>
        CniDocument.ReadResult(Execute("ADD", request), $"failed to parse the result of {path}");

    public void Del(CniRequest request) => Execute("DEL", request);

    public void Check(CniRequest request) => Execute("CHECK", request);

    public void Gc(CniRequest request) => Execute("GC", request);

    public void Status(CniRequest request) => Execute("STATUS", request);

    private byte[] Execute(string command, CniRequest request)
    {
        ProcessStartInfo start = new(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = request.Attachment.ContainerId;
        start.Environment["CNI_IFNAME"] = request.Attachment.InterfaceName;
        start.Environment["CNI_NETNS"] = request.Arguments.NetworkNamespacePath ?? "";
        start.Environment["CNI_PATH"] = string.Join(':', request.Arguments.SearchPath);
        start.Environment["CNI_ARGS"] = string.Join(';', request.Arguments.Extra.Select(pair => $"{pair.Key}={pair.Value}"));

        // It belongs to a call that the serving process may be doing, and that one's turn would never end.
        start.Environment["NODED_CNI_DIRECT"] = "1";

        using Process process = Process.Start(start) ?? throw new IOException($"{path} did not start");
        using MemoryStream output = new();

        // Plugins read their input before they write, as all of ours do.
        process.StandardInput.BaseStream.Write(request.Document.Span);
        process.StandardInput.Close();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();

        return process.ExitCode == 0 ? output.ToArray() : throw Failure(output.ToArray(), process.ExitCode);
    }

    /// <summary>The plugin's own error, passed on as it is.</summary>
    private CniException Failure(byte[] output, int exitCode)
    {
        try
        {
            return JsonSerializer.Deserialize(output, CniJson.Default.CniErrorDocument) is { Msg: string message } error
                ? new CniException((CniErrorCode)error.Code, message, error.Details)
                : Unexplained();
        }
        catch (JsonException)
        {
            return Unexplained();
        }

        CniException Unexplained() => new(
            CniErrorCode.Internal, $"{path} failed with exit code {exitCode}", Encoding.UTF8.GetString(output));
    }
}
