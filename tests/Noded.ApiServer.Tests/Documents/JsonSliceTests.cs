using System.Text;

using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Tests.Documents;

public sealed class JsonSliceTests
{
    [Theory]
    [InlineData("""{"metadata":{"a":{"b":[1,"}"]}},"x":1}""", """{"a":{"b":[1,"}"]}}""")]
    [InlineData("""{"x":{"metadata":1}, "metadata" : [ 2 ] }""", "[ 2 ]")]
    [InlineData("""{"x":1,"metadata":"text"}""", "\"text\"")]
    [InlineData("""{"x":{"metadata":1}}""", "")]
    [InlineData("{}", "")]
    [InlineData("[1]", "")]
    public void Of_Field_IsItsValue(string document, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonSlice.Of(Encoding.UTF8.GetBytes(document), "metadata"u8)));
}
