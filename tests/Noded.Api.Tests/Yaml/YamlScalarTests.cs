using System.Text;

using Noded.Api.Serialization;
using Noded.Api.Yaml;

namespace Noded.Api.Tests.Yaml;

public sealed class YamlScalarTests
{
    [Theory]
    [InlineData("yes", "true")]
    [InlineData("On", "true")]
    [InlineData("y", "true")]
    [InlineData("TRUE", "true")]
    [InlineData("no", "false")]
    [InlineData("OFF", "false")]
    [InlineData("n", "false")]
    [InlineData("tRuE", "\"tRuE\"")]
    [InlineData("", "null")]
    [InlineData("~", "null")]
    [InlineData("Null", "null")]
    [InlineData("nUll", "\"nUll\"")]
    [InlineData("0", "0")]
    [InlineData("-7", "-7")]
    [InlineData("+7", "7")]
    [InlineData("0644", "420")]
    [InlineData("0o644", "420")]
    [InlineData("0x1F", "31")]
    [InlineData("0b101", "5")]
    [InlineData("-0x10", "-16")]
    [InlineData("1_000", "1000")]
    [InlineData("08", "8")]
    [InlineData("9223372036854775808", "9223372036854775808")]
    [InlineData("1.50", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("1Gi", "\"1Gi\"")]
    [InlineData("10:30", "\"10:30\"")]
    [InlineData("2001-12-14", "\"2001-12-14\"")]
    [InlineData("2001-12-14T21:59:43Z", "\"2001-12-14T21:59:43Z\"")]
    [InlineData("'yes'", "\"yes\"")]
    [InlineData("\"0644\"", "\"0644\"")]
    [InlineData("!!str 12", "\"12\"")]
    [InlineData("!!int \"12\"", "12")]
    [InlineData("!!float 1", "1")]
    [InlineData("!custom 12", "\"12\"")]
    public void Read_Scalar_IsWhatGoYamlReads(string yaml, string json) =>
        Assert.Equal($$"""{"v":{{json}}}""", Json($"v: {yaml}\n"));

    [Theory]
    [InlineData("1: a", """{"1":"a"}""")]
    [InlineData("0x10: a", """{"16":"a"}""")]
    [InlineData("yes: a", """{"true":"a"}""")]
    [InlineData("1.5: a", """{"1.5":"a"}""")]
    public void Read_KeyThatIsNoString_IsItsText(string yaml, string json) => Assert.Equal(json, Json(yaml));

    [Theory]
    [InlineData("v: .nan", "f.yaml:1: column 4: unsupported value: nan has no JSON form")]
    [InlineData("v: !!int x", "f.yaml:1: column 4: cannot decode `x` as a !!int")]
    [InlineData("v: !!binary eA==", "f.yaml:1: column 4: !!binary is not supported: give the base64 text as a plain string")]
    [InlineData("~: a", "f.yaml:1: column 1: unsupported map key: only strings, numbers and booleans name fields")]
    [InlineData("a: 1\n[b]: c", "f.yaml:2: column 1: unsupported map key: only strings, numbers and booleans name fields")]
    [InlineData("a: &x [*x]", "f.yaml:1: column 8: anchor 'x' value contains itself")]
    [InlineData("a: 1\n<<: 2", "f.yaml:2: column 5: map merge requires map or sequence of maps as the value")]
    public void Read_WhatHasNoJson_IsAnError(string yaml, string message)
    {
        ManifestException e = Assert.Throws<ManifestException>(() => Json(yaml));

        Assert.Equal(message, e.Message);
    }

    [Theory]
    [InlineData("b: &b {x: 1, y1: 2}\nv: {<<: *b, x: 3}", """{"b":{"x":1,"y1":2},"v":{"x":3,"y1":2}}""")]
    [InlineData("b: &b {x: 1}\nv: {x: 3, <<: *b}", """{"b":{"x":1},"v":{"x":3}}""")]
    [InlineData("b: &b {x: 1}\nc: &c {x: 2, z: 3}\nv: {<<: [*b, *c]}", """{"b":{"x":1},"c":{"x":2,"z":3},"v":{"x":1,"z":3}}""")]
    [InlineData("a: &a hi\nb: *a", """{"a":"hi","b":"hi"}""")]
    public void Read_AliasesAndMergeKeys_AreExpanded(string yaml, string json) => Assert.Equal(json, Json(yaml));

    private static string Json(string yaml)
    {
        SourceDocument document = Assert.Single(SourceReader.Read("f.yaml", Encoding.UTF8.GetBytes(yaml)));
        return Encoding.UTF8.GetString(document.Json.Span);
    }
}
