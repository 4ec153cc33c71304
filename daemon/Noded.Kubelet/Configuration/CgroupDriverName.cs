namespace Noded.Kubelet.Configuration;

/// <summary>Who makes cgroups, as <c>cgroupDriver</c> names it in small letters.</summary>
public enum CgroupDriverName
{
    Cgroupfs,
    Systemd,
}
