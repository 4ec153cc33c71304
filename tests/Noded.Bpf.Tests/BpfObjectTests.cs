namespace Noded.Bpf.Tests;

[Trait("Category", "Integration")]
public sealed class BpfObjectTests
{
    private static readonly byte[] Packet = new byte[64];

    [Fact]
    public void Load_ConstantAsCompiled_IsWhatTheProgramReturns()
    {
        using BpfObject sample = Samples.Load();
        using BpfProgram program = sample.Program("sample");

        Assert.Equal(7u, program.TestRun(Packet).Verdict);
    }

    [Fact]
    public void SetConstant_BeforeLoad_IsWhatTheProgramSees()
    {
        using BpfObject sample = Samples.Open();
        sample.SetConstant("verdict", 3u);
        sample.SetConstant("wide", 0x1_0000_0000ul);
        sample.Load();
        using MappedArray<ulong> array = new(sample.Map("sample_array"));
        using BpfProgram program = sample.Program("sample");

        Assert.Equal(3u, program.TestRun(Packet).Verdict);
        Assert.Equal(0x1_0000_0000ul, array[0]);
    }

    [Fact]
    public void SetConstant_UnknownOrOfAnotherSize_IsRefusedByName()
    {
        using BpfObject sample = Samples.Open();

        ArgumentException unknown = Assert.Throws<ArgumentException>(() => sample.SetConstant("nothing", 1u));
        ArgumentException size = Assert.Throws<ArgumentException>(() => sample.SetConstant("wide", 1u));

        Assert.Contains("BPF object sample has no constant nothing", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("wide of BPF object sample has 8 bytes, not 4", size.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BytesThatAreNoObject_SaysWhichAndWhy()
    {
        BpfException refusal = Assert.Throws<BpfException>(() => BpfObject.Open("junk", new byte[100]));

        Assert.StartsWith("open BPF object junk: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("errno", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ProgramThatTheVerifierRefuses_CarriesItsLog()
    {
        Noded.Testing.Requires.Root();
        using BpfObject refused = BpfObject.Open("refused", Samples.Read("refused"));

        BpfVerifierException refusal = Assert.Throws<BpfVerifierException>(refused.Load);

        Assert.Contains("map_value_or_null", refusal.Log, StringComparison.Ordinal);
        Assert.Contains("invalid mem access", refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith("load BPF object refused: Permission denied (errno 13)", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Program_ThatTheObjectHasNot_IsRefusedByName()
    {
        using BpfObject sample = Samples.Load();

        Assert.Contains(
            "has no program other", Assert.Throws<ArgumentException>(() => sample.Program("other")).Message, StringComparison.Ordinal);
        Assert.Contains(
            "has no map other", Assert.Throws<ArgumentException>(() => sample.Map("other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SetMaxEntries_BeforeLoad_IsTheSizeOfTheMap()
    {
        using BpfObject sample = Samples.Open();
        sample.SetMaxEntries("sample_hash", 3);
        sample.Load();

        using BpfMapHandle map = sample.Map("sample_hash");

        Assert.Equal(3u, map.MaxEntries);
    }

    [Fact]
    public void ReuseMap_OfAnotherObject_IsTheSameMap()
    {
        using BpfObject first = Samples.Load();
        using BpfMapHandle map = first.Map("sample_array");
        using BpfObject second = Samples.Open();
        second.ReuseMap("sample_array", map);
        second.Load();
        using MappedArray<ulong> array = new(first.Map("sample_array"));
        using BpfProgram program = second.Program("sample");

        program.TestRun(Packet);

        using BpfMapHandle reused = second.Map("sample_array");
        Assert.Equal((map.Id, 1ul), (reused.Id, array[0]));
    }

    [Fact]
    public void TestRun_Repeated_RunsSoOften()
    {
        using BpfObject sample = Samples.Load();
        using MappedArray<ulong> array = new(sample.Map("sample_array"));
        using BpfProgram program = sample.Program("sample");

        BpfTestRun run = program.TestRun(Packet, repeat: 1000);

        Assert.Equal(1000ul, array[0]);
        Assert.Equal(Packet, run.Packet);
    }

    [Fact]
    public void TestRun_OfAKindThatCannotBeTested_SaysSo()
    {
        using BpfObject sample = Samples.Load();
        using BpfProgram program = sample.Program("allow_all");

        BpfException refusal = Assert.Throws<BpfException>(() => program.TestRun(Packet));

        Assert.StartsWith("run program allow_all on a packet: ", refusal.Message, StringComparison.Ordinal);
    }
}
