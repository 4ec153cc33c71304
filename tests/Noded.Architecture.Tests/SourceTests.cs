using Noded.Architecture.Tests.Rules;

namespace Noded.Architecture.Tests;

/// <summary>Names, places and sizes in the code.</summary>
public sealed class SourceTests
{
    [Fact]
    public void NativeImports_Are_UnderInterop() => Repository.AssertNone(Repository.CSharp
        .Where(file => CSharpText.HasNativeImport(file.Text) && !file.Path.Contains("/Interop/", StringComparison.Ordinal))
        .Select(file => file.Path));

    [Theory]
    [InlineData("[LibraryImport(\"libc\")]", true)]
    [InlineData("[DllImport(\"libc\")]", true)]
    [InlineData("// [DllImport(\"libc\")] is not for us", false)]
    public void HasNativeImport_Code_IsSeenOutsideComments(string code, bool expected) =>
        Assert.Equal(expected, CSharpText.HasNativeImport(code));

    [Fact]
    public void TypeNames_Say_WhatTheTypeIs() => Repository.AssertNone(Repository.CSharp.SelectMany(TypeNames.Findings));

    [Theory]
    [InlineData("class PodHelper;", 1)]
    [InlineData("record struct LinkInfo(int Index);", 1)]
    [InlineData("interface IPodManager { } enum DataKind { }", 2)]
    [InlineData("delegate void PodUtils(int a);", 1)]
    [InlineData("class MountInfo; class StatusManager;", 0)]
    [InlineData("class Database; class Information; class Implicit;", 0)]
    [InlineData("// class PodHelper\nstring text = \"class PodHelper\";", 0)]
    public void Findings_TypeNames_CountTheBannedOnes(string code, int expected) =>
        Assert.Equal(expected, TypeNames.Findings(new("A.cs", code)).Count());

    [Fact]
    public void TypeNames_AllowedByName_Exist() => Repository.AssertNone(
        TypeNames.Allowed.Keys.Except(Repository.CSharp.SelectMany(file => CSharpText.Types(file.Text))));

    [Fact]
    public void Namespaces_Equal_Folders() => Repository.AssertNone(Repository.CSharp
        .Where(file => CSharpText.Namespace(file.Text) is { } name && name != FolderNamespace(file.Path))
        .Select(file => $"{file.Path}: {CSharpText.Namespace(file.Text)}"));

    [Fact]
    public void Namespaces_None_StartsWithAKindOfTheApi() => Repository.AssertNone(Repository.CSharp
        .Where(file => CSharpText.Namespace(file.Text)?.Split('.')[0] == "Node")
        .Select(file => file.Path));

    [Fact]
    public void Namespace_OfAFile_IsReadOutsideComments() =>
        Assert.Equal("Noded.Api", CSharpText.Namespace("// namespace Node;\nnamespace Noded.Api;\n"));

    [Fact]
    public void FileSizes_OfTheProduct_StayBelowTheLimit()
    {
        RepositoryFile[] product =
            [.. Repository.CSharp.Where(file => !file.Path.StartsWith("tests/", StringComparison.Ordinal))];
        int[] sizes = [.. product.Select(file => FileSizes.Lines(file.Text))];

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{sizes.Length} files, lines: median {FileSizes.Percentile(sizes, 50)}, p95 {FileSizes.Percentile(sizes, 95)}, max {sizes.Max()}");
        Repository.AssertNone(FileSizes.Findings(product));
    }

    [Fact]
    public void Findings_LongFile_NamesIt() => Assert.Equal(
        ["A.cs: 501 lines"],
        FileSizes.Findings([new("A.cs", new string('\n', 501)), new("B.cs", new string('\n', 500))]));

    [Theory]
    [InlineData(50, 5)]
    [InlineData(95, 10)]
    [InlineData(100, 10)]
    public void Percentile_OfTen_IsTheNearestRank(int percent, int expected) =>
        Assert.Equal(expected, FileSizes.Percentile(Enumerable.Range(1, 10), percent));

    [Fact]
    public void Tests_OfAFile_AreClassAndMethod() => Assert.Equal(
        ["ATests.Do_Now_Works", "ATests.DoAsync_Rows_Work", "BTests.Do_Later_Works"],
        CSharpText.Tests(
            """
            public sealed class ATests
            {
                [Fact]
                public void Do_Now_Works() { }

                [Theory, Trait("Category", "Integration")]
                [InlineData("a", 1)]
                public async Task DoAsync_Rows_Work(string a, int b) { }

                private void NotATest() { }
            }

            public sealed class BTests { [Fact(Skip = "x")] public void Do_Later_Works() { } }
            """));

    [Theory]
    [InlineData("int a; // class A", "int a;  ")]
    [InlineData("a(\"// no comment\");", "a(\"\");")]
    [InlineData("a('\"'); b();", "a(\"\"); b();")]
    [InlineData("/* class\nA */b", " b")]
    public void Code_CommentsAndStrings_AreTakenOut(string text, string expected) =>
        Assert.Equal(expected, CSharpText.Code(text));

    /// <summary>A project's folder lies one below daemon/, tests/ and so on and gives the root of the namespace.</summary>
    private static string FolderNamespace(string path) => string.Join('.', path.Split('/')[1..^1]);
}
