using System.Text.RegularExpressions;

using k8s.Models;

namespace Noded.Api.Validation;

/// <summary>The actions that probes and lifecycle hooks are made of.</summary>
internal static partial class HandlerValidator
{
    internal const string HeaderMessage =
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
        + "validation is '[-A-Za-z0-9]+')";

    public static void ExactlyOne(
        FieldPath path,
        FieldErrors errors,
        params ReadOnlySpan<(string Name, object? Handler)> handlers)
    {
        int given = 0;
        foreach ((string name, object? handler) in handlers)
        {
            if (handler is not null && ++given > 1)
            {
                errors.Forbidden(path.Child(name), "may not specify more than 1 handler type");
            }
        }

        if (given == 0)
        {
            errors.Required(path, "must specify a handler type");
        }
    }

    public static void Exec(V1ExecAction? exec, FieldPath path, FieldErrors errors)
    {
        if (exec is not null && exec.Command.OrEmpty().Count == 0)
        {
            errors.Required(path.Child("command"));
        }
    }

    public static void HttpGet(V1HTTPGetAction? get, FieldPath path, FieldErrors errors)
    {
        if (get is null)
        {
            return;
        }

        if (string.IsNullOrEmpty(get.Path))
        {
            errors.Required(path.Child("path"));
        }

        PortValidator.NumberOrName(get.Port, path.Child("port"), errors);
        errors.RequireOneOf(path.Child("scheme"), get.Scheme, "HTTP", "HTTPS");

        IList<V1HTTPHeader> headers = get.HttpHeaders.OrEmpty();
        for (int i = 0; i < headers.Count; i++)
        {
            string name = headers[i].Name ?? "";
            if (!HeaderPattern().IsMatch(name))
            {
                errors.Invalid(path.Child("httpHeaders"), name, HeaderMessage);
            }
        }
    }

    public static void TcpSocket(V1TCPSocketAction? socket, FieldPath path, FieldErrors errors)
    {
        if (socket is not null)
        {
            PortValidator.NumberOrName(socket.Port, path.Child("port"), errors);
        }
    }

    public static void Grpc(V1GRPCAction? grpc, FieldPath path, FieldErrors errors)
    {
        if (grpc is not null)
        {
            errors.InRange(path.Child("port"), grpc.Port, 1, 65535);
        }
    }

    [GeneratedRegex(@"\A[-A-Za-z0-9]+\z")]
    private static partial Regex HeaderPattern();
}
