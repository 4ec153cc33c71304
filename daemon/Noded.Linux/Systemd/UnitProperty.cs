namespace Noded.Linux.Systemd;

/// <summary>A setting of a unit by its name on the bus.</summary>
internal abstract record UnitProperty(string Name)
{
    internal sealed record Flag(string Name, bool Value) : UnitProperty(Name);

    internal sealed record Number(string Name, ulong Value) : UnitProperty(Name);

    internal sealed record Text(string Name, string Value) : UnitProperty(Name);
}
