using k8s.Models;

namespace Noded.Api.Pods;

/// <summary>The sources of a volume by their field names; the ones that are absent are null.</summary>
public static class VolumeSources
{
    public static (string Name, object? Source)[] Of(V1Volume volume) =>
    [
        ("emptyDir", volume.EmptyDir), ("hostPath", volume.HostPath), ("gitRepo", volume.GitRepo),
        ("gcePersistentDisk", volume.GcePersistentDisk), ("awsElasticBlockStore", volume.AwsElasticBlockStore),
        ("secret", volume.Secret), ("nfs", volume.Nfs), ("iscsi", volume.Iscsi), ("glusterfs", volume.Glusterfs),
        ("flocker", volume.Flocker), ("rbd", volume.Rbd), ("cinder", volume.Cinder), ("cephfs", volume.Cephfs),
        ("quobyte", volume.Quobyte), ("downwardAPI", volume.DownwardAPI), ("fc", volume.Fc),
        ("flexVolume", volume.FlexVolume), ("configMap", volume.ConfigMap), ("azureFile", volume.AzureFile),
        ("vsphereVolume", volume.VsphereVolume), ("photonPersistentDisk", volume.PhotonPersistentDisk),
        ("portworxVolume", volume.PortworxVolume), ("azureDisk", volume.AzureDisk), ("storageos", volume.Storageos),
        ("scaleIO", volume.ScaleIO), ("projected", volume.Projected), ("csi", volume.Csi),
        ("ephemeral", volume.Ephemeral), ("image", volume.Image),
        ("persistentVolumeClaim", volume.PersistentVolumeClaim),
    ];
}
