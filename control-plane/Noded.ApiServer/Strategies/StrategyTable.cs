using System.Collections.Frozen;

using Noded.ApiServer.Documents;
using Noded.ApiServer.Tables;

using static Noded.ApiServer.Tables.TableColumns;

namespace Noded.ApiServer.Strategies;

/// <summary>The strategy of each resource that has one of its own.</summary>
internal static class StrategyTable
{
    private static readonly ReplicaSetStrategy ReplicaSets = new(hasPlainSelector: false);

    public static FrozenDictionary<string, Strategy> Create(ServiceNetwork network) =>
        new Dictionary<string, Strategy>(StringComparer.Ordinal)
        {
            ["configmaps"] = new ConfigMapStrategy(),
            ["endpoints"] = new EndpointsStrategy(),
            ["events"] = new EventStrategy(),
            ["events.events.k8s.io"] = new NewEventStrategy(),
            ["limitranges"] = new RulesStrategy(TableColumns.CreatedAt)
            {
                Defaults = LimitRangeRules.ApplyDefaults,
                Rules = LimitRangeRules.Validate,
            },
            ["namespaces"] = new NamespaceStrategy(),
            ["nodes"] = new NodeStrategy(),
            ["persistentvolumeclaims"] = new PersistentVolumeClaimStrategy(),
            ["persistentvolumes"] = new PersistentVolumeStrategy(),
            ["pods"] = new PodStrategy(),
            ["podtemplates"] = new PodTemplateStrategy(),
            ["replicationcontrollers"] = new ReplicaSetStrategy(hasPlainSelector: true),
            ["resourcequotas"] = new ResourceQuotaStrategy(),
            ["secrets"] = new SecretStrategy(),
            ["serviceaccounts"] = new ServiceAccountStrategy(),
            ["services"] = new ServiceStrategy(network),
            ["controllerrevisions.apps"] = new ControllerRevisionStrategy(),
            ["daemonsets.apps"] = new DaemonSetStrategy(),
            ["deployments.apps"] = new DeploymentStrategy(),
            ["replicasets.apps"] = ReplicaSets,
            ["statefulsets.apps"] = new StatefulSetStrategy(),
            ["horizontalpodautoscalers.autoscaling"] = new AutoscalerStrategy(),
            ["cronjobs.batch"] = new CronJobStrategy(),
            ["jobs.batch"] = new JobStrategy(),
            ["certificatesigningrequests.certificates.k8s.io"] = new CertificateSigningRequestStrategy(),
            ["leases.coordination.k8s.io"] = new LeaseStrategy(),
            ["endpointslices.discovery.k8s.io"] = new EndpointSliceStrategy(),
            ["ingresses.networking.k8s.io"] = new IngressStrategy(),
            ["ingressclasses.networking.k8s.io"] = new IngressClassStrategy(),
            ["ipaddresses.networking.k8s.io"] = new IpAddressStrategy(),
            ["networkpolicies.networking.k8s.io"] = new NetworkPolicyStrategy(),
            ["servicecidrs.networking.k8s.io"] = new ServiceCidrStrategy(),
            ["runtimeclasses.node.k8s.io"] = new RulesStrategy(Of(Text("Handler", d => d.Text("handler"))))
            {
                Rules = RuntimeClassRules.Validate,
                UpdateRules = RuntimeClassRules.ValidateUpdate,
            },
            ["poddisruptionbudgets.policy"] = new PodDisruptionBudgetStrategy(),
            ["clusterrolebindings.rbac.authorization.k8s.io"] = new RoleBindingStrategy(isNamespaced: false),
            ["clusterroles.rbac.authorization.k8s.io"] = new RoleStrategy(isNamespaced: false),
            ["rolebindings.rbac.authorization.k8s.io"] = new RoleBindingStrategy(isNamespaced: true),
            ["roles.rbac.authorization.k8s.io"] = new RoleStrategy(isNamespaced: true),
            ["priorityclasses.scheduling.k8s.io"] = new PriorityClassStrategy(),
            ["csidrivers.storage.k8s.io"] = new CsiDriverStrategy(),
            ["csinodes.storage.k8s.io"] = new RulesStrategy(Of(Number("Drivers", d => d["spec"].Array("drivers")?.Count ?? 0)))
            {
                Rules = StorageRules.ValidateNode,
                UpdateRules = StorageRules.ValidateNodeUpdate,
            },
            ["csistoragecapacities.storage.k8s.io"] = new RulesStrategy(TableColumns.Of(
                Text("StorageClassName", d => d.Text("storageClassName")), Text("Capacity", d => d.Text("capacity"))))
            {
                Rules = StorageRules.ValidateCapacity,
                UpdateRules = StorageRules.ValidateCapacityUpdate,
            },
            ["storageclasses.storage.k8s.io"] = new StorageClassStrategy(),
            ["volumeattachments.storage.k8s.io"] = new RulesStrategy(Of(
                Text("Attacher", d => d.At("spec", "attacher").AsText()),
                Text("PV", d => d.At("spec", "source", "persistentVolumeName").AsText()),
                Text("Node", d => d.At("spec", "nodeName").AsText()),
                Flag("Attached", d => d.At("status", "attached").AsBoolean() == true)))
            {
                Rules = StorageRules.ValidateAttachment,
                UpdateRules = StorageRules.ValidateAttachmentUpdate,
                StatusRules = StorageRules.ValidateAttachmentStatus,
            },
            ["volumeattributesclasses.storage.k8s.io"] = new RulesStrategy(Of(Text("DriverName", d => d.Text("driverName"))))
            {
                Rules = StorageRules.ValidateAttributesClass,
                UpdateRules = StorageRules.ValidateAttributesClassUpdate,
            },
        }.ToFrozenDictionary(StringComparer.Ordinal);
}
