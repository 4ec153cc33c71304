namespace Noded.Bpf;

/// <summary>Where a program can be attached: enum bpf_attach_type, the values in use here.</summary>
public enum BpfAttachType
{
    CgroupInet4Connect = 10,
    CgroupInet6Connect = 11,
    CgroupUdp4SendMsg = 14,
    CgroupUdp6SendMsg = 15,
    CgroupUdp4RecvMsg = 19,
    CgroupUdp6RecvMsg = 20,
    CgroupInet4GetPeerName = 29,
    CgroupInet6GetPeerName = 30,
    TcxIngress = 46,
    TcxEgress = 47,
}
