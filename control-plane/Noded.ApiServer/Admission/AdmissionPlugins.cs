using Noded.ApiServer.Authorization;
using Noded.ApiServer.Registries;
using Noded.ApiServer.Strategies;

namespace Noded.ApiServer.Admission;

/// <summary>The plugins in their order.</summary>
internal static class AdmissionPlugins
{
    public static AdmissionChain Create(ObjectReader reader, ResourceTable resources, AccessGate gate, TimeProvider clock) => new(
    [
        new NamespaceLifecycle(reader, resources),
        new LimitRanger(reader, resources),
        new ServiceAccountAdmission(reader, resources),
        new NodeRestriction(reader, resources),
        new DefaultTolerations(),
        new PriorityAdmission(reader, resources),
        new RuntimeClassAdmission(reader, resources),
        new DefaultStorageClass(reader, resources),
        new SignerRequest(),
        new CertificateAdmission(gate),
        new CertificateConditionTimes(clock),
        new CertificateSubjectRestriction(),
        new RoleEscalation(gate),
    ]);
}
