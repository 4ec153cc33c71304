using k8s.Models;

using Noded.Api.Validation;

namespace Noded.Api.StaticPods;

/// <summary>Volumes that only an API server could fill.</summary>
internal static class StaticPodVolumeRules
{
    public static void Validate(V1Volume volume, FieldPath path, FieldErrors errors)
    {
        Check("configMap", volume.ConfigMap, "configmaps (via configmap volumes)");
        Check("secret", volume.Secret, "secrets (via secret volumes)");
        Check("csi", volume.Csi, "csidrivers (via CSI volumes)");
        Check("glusterfs", volume.Glusterfs, "endpoints (via glusterFS volumes)");
        Check("persistentVolumeClaim", volume.PersistentVolumeClaim, "persistentvolumeclaims");
        Check("ephemeral", volume.Ephemeral, "persistentvolumeclaims (via ephemeral volumes)");
        Check("azureFile", volume.AzureFile, "secrets (via azureFile volumes)");

        CheckSecret("cephfs", volume.Cephfs?.SecretRef);
        CheckSecret("cinder", volume.Cinder?.SecretRef);
        CheckSecret("flexVolume", volume.FlexVolume?.SecretRef);
        CheckSecret("iscsi", volume.Iscsi?.SecretRef);
        CheckSecret("rbd", volume.Rbd?.SecretRef);
        CheckSecret("scaleIO", volume.ScaleIO?.SecretRef);
        CheckSecret("storageos", volume.Storageos?.SecretRef);

        IList<V1VolumeProjection> sources = (volume.Projected?.Sources).OrEmpty();
        for (int i = 0; i < sources.Count; i++)
        {
            Projection(sources[i], path.Child("projected").Child("sources").Index(i), errors);
        }

        void Check(string field, object? source, string resource) =>
            StaticPodRules.RefuseIf(source, path.Child(field), resource, errors);

        void CheckSecret(string field, object? secret) =>
            StaticPodRules.RefuseIf(secret, path.Child(field).Child("secretRef"), "secrets", errors);
    }

    private static void Projection(V1VolumeProjection source, FieldPath path, FieldErrors errors)
    {
        Check("configMap", source.ConfigMap, "configmaps (via projected volumes)");
        Check("secret", source.Secret, "secrets (via projected volumes)");
        Check("serviceAccountToken", source.ServiceAccountToken, "serviceaccounts (via projected volumes)");
        Check("clusterTrustBundle", source.ClusterTrustBundle, "clustertrustbundles");
        Check("podCertificate", source.PodCertificate, "podcertificates");

        void Check(string field, object? part, string resource) =>
            StaticPodRules.RefuseIf(part, path.Child(field), resource, errors);
    }
}
