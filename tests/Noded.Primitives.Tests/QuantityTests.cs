using System.Globalization;

namespace Noded.Primitives.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("100m", "100m")]
    [InlineData("0.1", "100m")]
    [InlineData(".5", "500m")]
    [InlineData("5.", "5")]
    [InlineData("1000m", "1")]
    [InlineData("1000", "1k")]
    [InlineData("1500", "1500")]
    [InlineData("+7", "7")]
    [InlineData("-2k", "-2k")]
    [InlineData("1Ki", "1Ki")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.1Ki", "102400m")]
    [InlineData("0.5Ki", "512")]
    [InlineData("0.0001Ki", "102400u")]
    [InlineData("1e3", "1e3")]
    [InlineData("1E3", "1e3")]
    [InlineData("12e6", "12e6")]
    [InlineData("100e1", "1e3")]
    [InlineData("1e-3", "1e-3")]
    [InlineData("5E", "5E")]
    [InlineData("1n", "1n")]
    [InlineData("0.1n", "1n")]
    [InlineData("-0.1n", "-1n")]
    [InlineData("1500u", "1500u")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("100E", "9223372036854775807")]
    [InlineData("1e1000000", "9223372036854775807")]
    [InlineData("1e-1000000", "1e-9")]
    public void Parse_Text_HasThisCanonicalForm(string text, string canonical) =>
        Assert.Equal(canonical, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData("1..2")]
    [InlineData("1 Gi")]
    [InlineData("1gi")]
    [InlineData("1K")]
    [InlineData("1kb")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("e3")]
    [InlineData("--1")]
    [InlineData("1Kii")]
    [InlineData("1ei")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("NaN")]
    public void TryParse_NoQuantity_IsFalse(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Theory]
    [InlineData("1500m", 2, 1500)]
    [InlineData("-1500m", -2, -1500)]
    [InlineData("1n", 1, 1)]
    [InlineData("2Ki", 2048, 2048000)]
    public void Value_Fraction_RoundsAwayFromZero(string text, long value, long milli)
    {
        Quantity quantity = Quantity.Parse(text);

        Assert.Equal(value, quantity.Value);
        Assert.Equal(milli, quantity.MilliValue);
    }

    [Fact]
    public void Equals_SameAmountOtherFormat_IsTrue()
    {
        Assert.Equal(Quantity.Parse("1024"), Quantity.Parse("1Ki"));
        Assert.Equal(Quantity.Parse("1e3").GetHashCode(), Quantity.Parse("1k").GetHashCode());
    }

    [Fact]
    public void Parse_OfToString_IsTheSameAmount()
    {
        Random random = new(20260101);
        string[] suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "e2", "e-4", "E7"];

        for (int i = 0; i < 5000; i++)
        {
            string text = random.NextInt64(-100_000, 100_000).ToString(CultureInfo.InvariantCulture)
                + suffixes[random.Next(suffixes.Length)];
            Quantity quantity = Quantity.Parse(text);

            // A binary amount is written in whole units; only fractions below one unit may be lost, upwards.
            Quantity again = Quantity.Parse(quantity.ToString());
            Assert.Equal(quantity, again);
            Assert.Equal(quantity.ToString(), again.ToString());
        }
    }

    [Fact]
    public void AddAndCompare_RandomAmounts_FollowTheIntegers()
    {
        Random random = new(7);

        for (int i = 0; i < 2000; i++)
        {
            (long a, long b) = (random.NextInt64(-1L << 40, 1L << 40), random.NextInt64(-1L << 40, 1L << 40));
            (Quantity left, Quantity right) = (Quantity.FromMilliValue(a), Quantity.FromMilliValue(b));

            Assert.Equal(a + b, (left + right).MilliValue);
            Assert.Equal(a - b, (left - right).MilliValue);
            Assert.Equal(a.CompareTo(b), left.CompareTo(right));
            Assert.Equal(a < b, left < right);
        }
    }

    [Fact]
    public void TryParse_RandomText_NeverThrows()
    {
        Random random = new(99);
        const string Alphabet = "0123456789.+-eEinumkKMGTPi x";

        for (int i = 0; i < 20000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            if (Quantity.TryParse(text, out Quantity quantity))
            {
                Assert.True(Quantity.TryParse(quantity.ToString(), out _));
            }
        }
    }
}
