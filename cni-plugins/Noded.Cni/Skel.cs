using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>
/// Turns one start of the process into one call of a plugin and its outcome into the specification's answer: an object
/// on standard output and the exit code (CNI specification 1.1.0, section 2).
/// </summary>
public sealed class Skel(CniEnvironment environment, Stream input, Stream output, Stream errors)
{
    /// <summary>Bytes. Thousands of attachments fit; what is longer is no configuration.</summary>
    public const int MaxDocumentLength = 16 * 1024 * 1024;

    /// <summary>Returns the exit code.</summary>
    public int Run(string name, ICniPlugin plugin)
    {
        if (environment.HasNoCommand)
        {
            errors.Write(Encoding.UTF8.GetBytes(
                $"CNI {name} plugin of noded\n"
                + $"CNI protocol versions supported: {string.Join(", ", CniVersions.Supported)}\n"));
            return 0;
        }

        // Until the configuration is read, answers are in the newest version.
        string version = CniVersions.Latest;

        try
        {
            CniArguments arguments = environment.Read();
            byte[] document = ReadInput();

            if (arguments.Command is CniCommand.Version)
            {
                Write(new CniVersionDocument(CniVersions.Latest, CniVersions.Supported), CniJson.Default.CniVersionDocument);
                return 0;
            }

            CniRequest request = ReadRequest(arguments, document, ref version);

            if (Call(plugin, request) is CniResult result)
            {
                output.Write(CniDocument.Write(result, request.Version));
                output.Flush();
            }

            return 0;
        }
        catch (CniException e)
        {
            return Refuse(version, e.Code, e.Message, e.Details);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refuse(version, CniErrorCode.IOFailure, e.Message, details: null);
        }
#pragma warning disable CA1031 // This is the end of the process: a runtime must get an answer even to our own mistakes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Refuse(version, CniErrorCode.Internal, e.Message, e.ToString());
        }
    }

    private static CniRequest ReadRequest(CniArguments arguments, byte[] document, ref string version)
    {
        NetworkConfig config = CniDocument.Read(document, CniJson.Default.NetworkConfig, "error unmarshall network config");
        CniVersion spoken = CniVersions.Parse(config.CniVersion);
        version = spoken.Name();
        CniNames.CheckNetworkName(config.Name);
        return new CniRequest(arguments, spoken, config, document);
    }

    private static CniResult? Call(ICniPlugin plugin, CniRequest request)
    {
        switch (request.Arguments.Command)
        {
            case CniCommand.Add:
                return plugin.Add(request);
            case CniCommand.Del:
                plugin.Del(request);
                return null;
            case CniCommand.Check:
                RequireVersion(request, CniVersion.V040);
                request.RequirePreviousResult();
                plugin.Check(request);
                return null;
            case CniCommand.Gc:
                RequireVersion(request, CniVersion.V110);
                plugin.Gc(request);
                return null;
            default:
                RequireVersion(request, CniVersion.V110);
                plugin.Status(request);
                return null;
        }
    }

    private static void RequireVersion(CniRequest request, CniVersion least)
    {
        if (request.Version < least)
        {
            string command = request.Arguments.Command.ToString().ToUpperInvariant();
            throw new CniException(
                CniErrorCode.IncompatibleVersion,
                $"config version does not allow {command}",
                $"{command} needs {least.Name()}, the configuration says {request.Version.Name()}");
        }
    }

    private byte[] ReadInput()
    {
        using MemoryStream document = new();
        byte[] buffer = new byte[16 * 1024];

        for (int length = input.Read(buffer); length > 0; length = input.Read(buffer))
        {
            document.Write(buffer, 0, length);

            if (document.Length > MaxDocumentLength)
            {
                throw new CniException(
                    CniErrorCode.IOFailure, $"error reading from stdin: more than {MaxDocumentLength} bytes");
            }
        }

        return document.ToArray();
    }

    /// <summary>Returns the exit code.</summary>
    private int Refuse(string version, CniErrorCode code, string message, string? details)
    {
        Write(
            new CniErrorDocument { CniVersion = version, Code = (int)code, Msg = message, Details = details },
            CniJson.Default.CniErrorDocument);
        return 1;
    }

    private void Write<T>(T document, JsonTypeInfo<T> type)
    {
        output.Write(JsonSerializer.SerializeToUtf8Bytes(document, type));
        output.Flush();
    }
}
