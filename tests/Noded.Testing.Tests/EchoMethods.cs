using Grpc.Core;

namespace Noded.Testing.Tests;

/// <summary>A gRPC service of bytes, without generated code, with methods of each kind.</summary>
internal static class EchoMethods
{
    /// <summary>Answers the request, with its metadata <c>x-ask</c> as header and trailers.</summary>
    public static Method<byte[], byte[]> Unary { get; } = Define(MethodType.Unary, "Unary");

    /// <summary>Answers each byte of the request as a message of its own, then waits for the client to leave.</summary>
    public static Method<byte[], byte[]> Watch { get; } = Define(MethodType.ServerStreaming, "Watch");

    /// <summary>Answers the concatenation of all messages.</summary>
    public static Method<byte[], byte[]> Collect { get; } = Define(MethodType.ClientStreaming, "Collect");

    /// <summary>Greets before the first message, then answers every message.</summary>
    public static Method<byte[], byte[]> Chat { get; } = Define(MethodType.DuplexStreaming, "Chat");

    /// <summary>Fails after its request was read.</summary>
    public static Method<byte[], byte[]> Refuse { get; } = Define(MethodType.Unary, "Refuse");

    /// <summary>Answers the request as one message, then resets the stream.</summary>
    public static Method<byte[], byte[]> Break { get; } = Define(MethodType.ServerStreaming, "Break");

    private static Method<byte[], byte[]> Define(MethodType type, string name)
    {
        Marshaller<byte[]> bytes = Marshallers.Create(message => message, message => message);
        return new Method<byte[], byte[]>(type, "test.Echo", name, bytes, bytes);
    }
}
