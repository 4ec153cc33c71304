namespace Noded.Cni;

/// <summary>Versions of the specification that our plugins speak; all of them share one shape of configuration.</summary>
public enum CniVersion
{
    V031,
    V040,
    V100,
    V110,
}
