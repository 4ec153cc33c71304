using System.Text.Json.Nodes;

namespace Noded.ApiServer.Tests.Http;

/// <summary>What upstream says of objects that break a rule: field, reason and words.</summary>
public sealed class ValidationTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>
{
    private const string Template = """{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
    private const string JobTemplate = """{"spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Never"}}""";

    private const string Subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string Percent =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
        + "validation is '[0-9]+%')";

    private const string Ingresses = "networking.k8s.io/v1/ingresses";
    private const string Policies = "networking.k8s.io/v1/networkpolicies";
    private const string Classes = "networking.k8s.io/v1/ingressclasses";
    private const string Slices = "discovery.k8s.io/v1/endpointslices";
    private const string Budgets = "policy/v1/poddisruptionbudgets";
    private const string Autoscalers = "autoscaling/v2/horizontalpodautoscalers";
    private const string Jobs = "batch/v1/jobs";
    private const string CronJobs = "batch/v1/cronjobs";
    private const string Storage = "storage.k8s.io/v1/";
    private const string Access = "rbac.authorization.k8s.io/v1/";

    /// <summary>A resource, what is wrong with an object of it, and what is said: one line per field.</summary>
    public static TheoryData<string, string, string[]> Wrong => new()
    {
        // networking.k8s.io
        { Ingresses, """{"spec":{}}""", ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"] },
        { Ingresses, """{"spec":{"defaultBackend":{}}}""", ["spec.defaultBackend: Invalid value: \"\": resource or service backend is required"] },
        { Ingresses, """{"spec":{"defaultBackend":{"service":{"name":"s"}}}}""", ["spec.defaultBackend: Required value: port name or number is required"] },
        { Ingresses, """{"spec":{"defaultBackend":{"service":{"name":"s","port":{"name":"p","number":1}}}}}""", ["spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"] },
        { Ingresses, """{"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":70000}}}}}""", ["spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"] },
        { Ingresses, """{"spec":{"rules":[{"host":"10.0.0.1"}]}}""", ["spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"] },
        { Ingresses, """{"spec":{"rules":[{"host":"A.example"}]}}""", [$"spec.rules[0].host: Invalid value: \"A.example\": {Subdomain}"] },
        { Ingresses, """{"spec":{"rules":[{"http":{"paths":[]}}]}}""", ["spec.rules[0].http.paths: Required value"] },
        { Ingresses, Paths("""{"path":"x","pathType":"Prefix","""), ["spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"] },
        { Ingresses, Paths("""{"path":"/a//b/..","pathType":"Exact","""), ["spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": must not contain '//'", "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": cannot end with '/..'"] },
        { Ingresses, Paths("""{"path":"/","""), ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"] },
        { Ingresses, Paths("""{"path":"/","pathType":"Some","""), ["spec.rules[0].http.paths[0].pathType: Unsupported value: \"Some\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\""] },
        { Classes, """{"spec":{"controller":"no-slash"}}""", ["spec.controller: Invalid value: \"no-slash\": must be a domain-prefixed path (such as \"acme.io/foo\")"] },
        { Classes, """{"spec":{"controller":"a.example/b","parameters":{"kind":"K","name":"n","scope":"Namespace"}}}""", ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"] },
        { Classes, """{"spec":{"controller":"a.example/b","parameters":{"kind":"K","name":"n","namespace":"x"}}}""", ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"] },
        { Policies, """{"spec":{"ingress":[{"from":[{}]}]}}""", ["spec.ingress[0].from[0]: Required value: must specify a peer"] },
        { Policies, """{"spec":{"ingress":[{"from":[{"podSelector":{},"ipBlock":{"cidr":"10.0.0.0/8"}}]}]}}""", ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"] },
        { Policies, """{"spec":{"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]}}""", ["spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`"] },
        { Policies, """{"spec":{"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0"}}]}]}}""", ["spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"] },
        { Policies, """{"spec":{"ingress":[{"ports":[{"port":80,"endPort":79}]}]}}""", ["spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`"] },
        { Policies, """{"spec":{"ingress":[{"ports":[{"port":"http","endPort":79}]}]}}""", ["spec.ingress[0].ports[0].endPort: Invalid value: 79: may not be specified when `port` is non-numeric"] },
        { Policies, """{"spec":{"policyTypes":["Other"]}}""", ["spec.policyTypes[0]: Unsupported value: \"Other\": supported values: \"Egress\", \"Ingress\""] },
        { Policies, """{"spec":{"podSelector":{"matchExpressions":[{"key":"k","operator":"In"}]}}}""", ["spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"] },
        { "networking.k8s.io/v1/servicecidrs", """{"spec":{"cidrs":["10.201.0.0/24","10.202.0.0/24"]}}""", ["spec.cidrs: Invalid value: [\"10.201.0.0/24\",\"10.202.0.0/24\"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"] },
        { "networking.k8s.io/v1/servicecidrs", """{"spec":{}}""", ["spec.cidrs: Required value: at least one CIDR required"] },
        { "networking.k8s.io/v1/ipaddresses", """{"spec":{"parentRef":{"resource":"services","name":"s"}}}""", ["metadata.name: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"] },

        // discovery.k8s.io
        { Slices, """{"addressType":"IPv6","endpoints":[{"addresses":["10.0.0.1"]}]}""", ["endpoints[0].addresses[0]: Invalid value: \"10.0.0.1\": must be a valid IPv6 address"] },
        { Slices, """{"addressType":"IPv4","endpoints":[{"addresses":["127.0.0.1"]}]}""", ["endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"] },
        { Slices, """{"addressType":"FQDN","endpoints":[{"addresses":["host"]}]}""", ["endpoints[0].addresses[0]: Invalid value: \"host\": should be a domain with at least two segments separated by dots"] },
        { Slices, """{"addressType":"IP","endpoints":[]}""", ["addressType: Unsupported value: \"IP\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""] },
        { Slices, """{"addressType":"IPv4","endpoints":[{"addresses":[]}],"ports":[{"name":"a"},{"name":"a"}]}""", ["endpoints[0].addresses: Required value: must contain at least 1 address", "ports[1].name: Duplicate value: \"a\""] },
        { "v1/endpoints", """{"subsets":[{"addresses":[{"ip":"169.254.1.1"}],"ports":[{"port":1}]}]}""", ["subsets[0].addresses[0].ip: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)"] },
        { "v1/endpoints", """{"subsets":[{}]}""", ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"] },

        // policy, autoscaling
        { Budgets, """{"spec":{"minAvailable":"50"}}""", [$"spec.minAvailable: Invalid value: \"50\": {Percent}"] },
        { Budgets, """{"spec":{"maxUnavailable":"101%"}}""", ["spec.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"] },
        { Budgets, """{"spec":{"minAvailable":-1}}""", ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"] },
        { Autoscalers, Scaler(""" "minReplicas":0 """), ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1", "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"] },
        { Autoscalers, Scaler(""" "minReplicas":9 """), ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"] },
        { Autoscalers, Scaler(""" "metrics":[{"type":"Resource"}] """), ["spec.metrics[0].resource: Required value: must populate information for the given metric source"] },
        { Autoscalers, Scaler(""" "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}] """), ["spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"] },
        { Autoscalers, Scaler(""" "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":0}}}] """), ["spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0"] },
        { Autoscalers, Scaler(""" "behavior":{"scaleDown":{"stabilizationWindowSeconds":4000}} """), ["spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600"] },
        { Autoscalers, Scaler(""" "behavior":{"scaleUp":{"policies":[{"type":"Pods","value":0,"periodSeconds":1801}]}} """), ["spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero", "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800"] },

        // batch
        { Jobs, $$$"""{"spec":{"template":{{{Template}}}}}""", ["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""] },
        { Jobs, Job(""" "completionMode":"Indexed","parallelism":1 """), ["spec.completions: Required value: when completion mode is Indexed"] },
        { Jobs, Job(""" "backoffLimitPerIndex":1 """), ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"] },
        { Jobs, Job(""" "managedBy":"x" """), ["spec.managedBy: Invalid value: \"x\": must be a domain-prefixed path (such as \"acme.io/foo\")"] },
        { Jobs, Job(""" "podFailurePolicy":{"rules":[{"action":"FailJob"}]} """), ["spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"] },
        { Jobs, Job(""" "podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[0,2,1]}}]} """), ["spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator", "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,2,1]: must be ordered"] },
        { Jobs, Job(""" "completionMode":"Indexed","completions":3,"successPolicy":{"rules":[{"succeededIndexes":"0-3"}]} """), ["spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0-3\": error parsing succeededIndexes: too large index: \"3\""] },
        { CronJobs, Cron("* * * *"), ["spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]"] },
        { CronJobs, Cron("61 * * * *"), ["spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61"] },
        { CronJobs, Cron("* * 0 * *"), ["spec.schedule: Invalid value: \"* * 0 * *\": beginning of range (0) below minimum (1): 0"] },
        { CronJobs, Cron("@often"), ["spec.schedule: Invalid value: \"@often\": unrecognized descriptor: @often"] },
        { CronJobs, Cron("TZ=UTC * * * * *"), ["spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"] },
        { CronJobs, Cron("* * * * *", """ "timeZone":"Mars/Olympus", """), ["spec.timeZone: Invalid value: \"Mars/Olympus\": unknown time zone Mars/Olympus"] },
        { CronJobs, Cron("* * * * *", """ "timeZone":"local", """), ["spec.timeZone: Invalid value: \"local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"] },

        // storage.k8s.io
        { $"{Storage}storageclasses", """{"provisioner":"a b"}""", ["provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"] },
        { $"{Storage}storageclasses", """{"provisioner":"p","reclaimPolicy":"Recycle"}""", ["reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""] },
        { $"{Storage}csidrivers", """{"spec":{"fsGroupPolicy":"Some","volumeLifecycleModes":["Other"],"tokenRequests":[{"audience":"a"},{"audience":"a"}]}}""", ["spec.fsGroupPolicy: Unsupported value: \"Some\": supported values: \"File\", \"None\", \"ReadWriteOnceWithFSType\"", "spec.volumeLifecycleModes: Unsupported value: \"Other\": supported values: \"Ephemeral\", \"Persistent\"", "spec.tokenRequests[1].audience: Duplicate value: \"a\""] },
        { $"{Storage}csinodes", """{"spec":{"drivers":[{"name":"d.example","nodeID":""},{"name":"d.example","nodeID":"n"}]}}""", ["spec.drivers[0].nodeID: Required value", "spec.drivers[1].name: Duplicate value: \"d.example\""] },
        { $"{Storage}volumeattachments", """{"spec":{"attacher":"a","nodeName":"n","source":{}}}""", ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"] },
        { $"{Storage}volumeattributesclasses", """{"driverName":"d.example"}""", ["parameters: Required value: must contain at least one key/value pair"] },
        { $"{Storage}csistoragecapacities", """{"storageClassName":"s","capacity":"-1"}""", ["capacity: Invalid value: \"-1\": must be greater than or equal to 0"] },

        // core: volumes, quota, events
        { "v1/persistentvolumes", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"}}}""", ["spec: Required value: must specify a volume type"] },
        { "v1/persistentvolumes", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"hostPath":{"path":"/x"},"nfs":{"server":"s","path":"/"}}}""", ["spec.nfs: Forbidden: may not specify more than 1 volume type"] },
        { "v1/persistentvolumes", """{"spec":{"accessModes":["ReadWriteOnce","ReadWriteOncePod"],"capacity":{"storage":"0"},"hostPath":{"path":"/x"}}}""", ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes", "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero"] },
        { "v1/persistentvolumes", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"local":{"path":"/x"}}}""", ["spec.nodeAffinity: Required value: Local volume requires node affinity"] },
        { "v1/persistentvolumeclaims", """{"spec":{"accessModes":["Some"],"resources":{"requests":{"storage":"-1"}}}}""", ["spec.accessModes: Unsupported value: \"Some\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"", "spec.resources[storage]: Invalid value: \"-1\": must be greater than zero"] },
        { "v1/persistentvolumeclaims", """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1"}},"dataSource":{"kind":"VolumeSnapshot","name":"s"}}}""", ["spec.dataSource: Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup", "spec.dataSourceRef: Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"] },
        { "v1/secrets", """{"type":"kubernetes.io/service-account-token"}""", ["metadata.annotations[kubernetes.io/service-account.name]: Required value"] },
        { "v1/secrets", """{"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"bm90IGpzb24="}}""", ["data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": must be a JSON object"] },
        { "v1/secrets", """{"type":"kubernetes.io/basic-auth"}""", ["data[username]: Required value", "data[password]: Required value"] },
        { "v1/secrets", """{"type":"kubernetes.io/tls","data":{"tls.crt":"eA=="}}""", ["data[tls.key]: Required value"] },
        { "v1/resourcequotas", """{"spec":{"hard":{"things":"1"}}}""", ["spec.hard[things]: Invalid value: \"things\": must be a standard resource type or fully qualified", "spec.hard[things]: Invalid value: \"things\": must be a standard resource for quota"] },
        { "v1/resourcequotas", """{"spec":{"hard":{"pods":"1500m"}}}""", ["spec.hard[pods]: Invalid value: \"1500m\": must be an integer"] },
        { "v1/resourcequotas", """{"spec":{"hard":{"pods":"1"},"scopes":["BestEffort","NotBestEffort"]}}""", ["spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes"] },
        { "v1/resourcequotas", """{"spec":{"hard":{"cpu":"1"},"scopes":["BestEffort"]}}""", ["spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource"] },
        { "v1/limitranges", """{"spec":{"limits":[{"type":"Container","min":{"cpu":"2"},"max":{"cpu":"1"},"default":{"cpu":"1"},"defaultRequest":{"cpu":"1"}}]}}""", ["spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1", "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1", "spec.limits[0].default[cpu]: Invalid value: \"1\": min value 2 is greater than default value 1"] },
        { "v1/limitranges", """{"spec":{"limits":[{"type":"Pod","default":{"cpu":"2"}}]}}""", ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"] },
        { "v1/limitranges", """{"spec":{"limits":[{"type":"PersistentVolumeClaim","maxLimitRequestRatio":{"storage":"500m"}}]}}""", ["spec.limits[0]: Required value: either minimum or maximum storage value is required, but neither was provided", "spec.limits[0].maxLimitRequestRatio[storage]: Invalid value: \"500m\": ratio 500m is less than 1"] },
        { "events.k8s.io/v1/events", """{"regarding":{"namespace":"default","name":"x","kind":"Pod"},"reason":"R","eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"c","reportingInstance":"i","type":"Some"}""", ["action: Required value", "type: Invalid value: \"\": has invalid value: Some"] },
        { "v1/events", """{"involvedObject":{"namespace":"other","name":"x","kind":"Pod"},"reason":"R"}""", ["involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"] },

        // core: services, nodes
        { "v1/services", Port(""" "externalTrafficPolicy":"Local" """), ["spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"] },
        { "v1/services", Port(""" "loadBalancerSourceRanges":["10.0.0.0/8"] """), ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"] },
        { "v1/services", Port(""" "allocateLoadBalancerNodePorts":true """), ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"] },
        { "v1/services", Port(""" "healthCheckNodePort":30001 """), ["spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"] },
        { "v1/services", Port(""" "sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":86401}} """), ["spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"] },
        { "v1/services", Port(""" "externalIPs":["127.0.0.1"] """), ["spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"] },
        { "v1/services", """{"spec":{"ports":[{"port":80,"nodePort":30001}]}}""", ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"] },
        { "v1/services", """{"spec":{"type":"ExternalName","externalName":"A_b"}}""", [$"spec.externalName: Invalid value: \"A_b\": {Subdomain}"] },
        { "v1/nodes", """{"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","value":"b","effect":"NoSchedule"}]}}""", ["metadata.taints[1]: Duplicate value: {\"key\":\"a\",\"value\":\"b\",\"effect\":\"NoSchedule\"}: taints must be unique by key and effect pair"] },
        { "v1/nodes", """{"spec":{"podCIDRs":["10.0.0.0/24","10.0.1.0/24"]}}""", ["spec.podCIDRs: Invalid value: \"[10.0.0.0/24 10.0.1.0/24]\": may specify no more than one CIDR for each IP family"] },

        // apps
        { "apps/v1/deployments", Workload(""" "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":"0%"}} """), ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"] },
        { "apps/v1/deployments", Workload(""" "progressDeadlineSeconds":5,"minReadySeconds":5 """), ["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"] },
        { "apps/v1/deployments", Workload(""" "revisionHistoryLimit":-1 """), ["spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"] },
        { "apps/v1/daemonsets", Workload(""" "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":1}} """), ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"] },
        { "apps/v1/statefulsets", Workload(""" "updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}} """), ["spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'"] },
        { "apps/v1/replicasets", $$$"""{"spec":{"selector":{},"template":{{{Template}}}}}""", ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"] },
        { "apps/v1/controllerrevisions", """{"revision":-1}""", ["data: Required value: data is mandatory", "revision: Invalid value: -1: must be greater than or equal to 0"] },

        // rbac, coordination, node, certificates
        { $"{Access}roles", """{"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]}""", ["rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"] },
        { $"{Access}clusterroles", """{"rules":[{"verbs":["get"],"nonResourceURLs":["/x"],"resources":["pods"]}]}""", ["rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs"] },
        { $"{Access}clusterrolebindings", """{"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"a"}]}""", ["roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"", "subjects[0].namespace: Required value"] },
        { $"{Access}rolebindings", """{"roleRef":{"kind":"Role","name":"r","apiGroup":"x"},"subjects":[{"kind":"Robot","name":"a"}]}""", ["roleRef.apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"", "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\""] },
        { "coordination.k8s.io/v1/leases", """{"spec":{"leaseDurationSeconds":0,"leaseTransitions":-1}}""", ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0", "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"] },
        { "coordination.k8s.io/v1/leases", """{"spec":{"preferredHolder":"x"}}""", ["spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"] },
        { "node.k8s.io/v1/runtimeclasses", """{"handler":"h","scheduling":{"tolerations":[{"operator":"Equal","value":"v"}]}}""", ["scheduling.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\""] },
        { "certificates.k8s.io/v1/certificatesigningrequests", Signing(""" "signerName":"kubernetes.io/legacy-unknown","usages":["client auth"] """), ["spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is not allowed via this API version"] },
        { "certificates.k8s.io/v1/certificatesigningrequests", Signing(""" "signerName":"nodomain","usages":["client auth"] """), ["spec.signerName: Invalid value: \"nodomain\": must be a fully qualified domain and path of the form 'example.com/signer-name'"] },
        { "certificates.k8s.io/v1/certificatesigningrequests", Signing(""" "signerName":"a.example/s","usages":["client auth","client auth"],"expirationSeconds":599 """), ["spec.usages[1]: Duplicate value: \"client auth\"", "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"] },
    };

    /// <summary>A resource, an object of it, a change, and what is said of that.</summary>
    public static TheoryData<string, string, string, string[]> Unchangeable => new()
    {
        { Classes, """{"spec":{"controller":"a.example/b"}}""", """{"spec":{"controller":"a.example/c"}}""", ["spec.controller: Invalid value: \"a.example/c\": field is immutable"] },
        { "networking.k8s.io/v1/servicecidrs", """{"spec":{"cidrs":["10.210.0.0/24"]}}""", """{"spec":{"cidrs":["10.211.0.0/24"]}}""", ["spec.cidrs[0]: Invalid value: \"10.211.0.0/24\": field is immutable"] },
        { Slices, """{"addressType":"IPv4","endpoints":[]}""", """{"addressType":"FQDN"}""", ["addressType: Invalid value: \"FQDN\": field is immutable"] },
        { "node.k8s.io/v1/runtimeclasses", """{"handler":"h"}""", """{"handler":"i"}""", ["handler: Invalid value: \"i\": field is immutable"] },
        { $"{Storage}storageclasses", """{"provisioner":"p"}""", """{"volumeBindingMode":"WaitForFirstConsumer","parameters":{"a":"b"}}""", ["parameters: Forbidden: updates to parameters are forbidden.", "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"] },
        { $"{Storage}volumeattributesclasses", """{"driverName":"d.example","parameters":{"a":"b"}}""", """{"parameters":{"a":"c"}}""", ["parameters: Forbidden: updates to parameters are forbidden."] },
        { $"{Storage}volumeattachments", """{"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"v"}}}""", """{"spec":{"nodeName":"m"}}""", ["spec: Invalid value: {\"attacher\":\"a\",\"nodeName\":\"m\",\"source\":{\"persistentVolumeName\":\"v\"}}: field is immutable"] },
        { $"{Storage}csidrivers", """{"spec":{}}""", """{"spec":{"attachRequired":false}}""", ["spec.attachedRequired: Invalid value: false: field is immutable"] },
        { $"{Storage}csistoragecapacities", """{"storageClassName":"s"}""", """{"storageClassName":"t"}""", ["storageClassName: Invalid value: \"t\": field is immutable"] },
        { "v1/resourcequotas", """{"spec":{"hard":{"pods":"1"},"scopes":["BestEffort"]}}""", """{"spec":{"scopes":["NotBestEffort"]}}""", ["spec.scopes: Invalid value: [\"NotBestEffort\"]: field is immutable"] },
        { "v1/persistentvolumes", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"hostPath":{"path":"/x"}}}""", """{"spec":{"hostPath":{"path":"/y"},"volumeMode":"Block"}}""", ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation", "volumeMode: Invalid value: \"Block\": field is immutable"] },
        { "v1/persistentvolumeclaims", """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""", """{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""", ["spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"] },
        { "v1/nodes", """{"spec":{"podCIDR":"10.0.0.0/24","providerID":"a"}}""", """{"spec":{"podCIDR":"10.0.1.0/24","providerID":"b"}}""", ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid", "spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid"] },
        { Jobs, Job(""" "completions":2 """), """{"spec":{"completions":3}}""", ["spec.completions: Invalid value: 3: field is immutable"] },
        { Jobs, Job(""" "completionMode":"Indexed","completions":2,"parallelism":2 """), """{"spec":{"completions":3}}""", ["spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"] },
        { "apps/v1/daemonsets", Workload("""  "minReadySeconds":0 """), """{"spec":{"selector":{"matchLabels":{"a":"b","c":"d"}},"template":{"metadata":{"labels":{"c":"d"}}}}}""", ["spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is immutable"] },
        { "apps/v1/statefulsets", Workload(""" "minReadySeconds":0 """), """{"spec":{"serviceName":"other"}}""", ["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"] },
        { "apps/v1/controllerrevisions", """{"revision":1,"data":{"a":1}}""", """{"data":{"a":2}}""", ["data: Invalid value: {\"a\":2}: field is immutable"] },
        { "scheduling.k8s.io/v1/priorityclasses", """{"value":5}""", """{"value":6,"preemptionPolicy":"Never"}""", ["value: Forbidden: may not be changed in an update.", "preemptionPolicy: Invalid value: \"Never\": field is immutable"] },
        { $"{Access}clusterrolebindings", """{"roleRef":{"kind":"ClusterRole","name":"r"}}""", """{"roleRef":{"name":"s"}}""", ["roleRef: Invalid value: {\"kind\":\"ClusterRole\",\"name\":\"s\",\"apiGroup\":\"rbac.authorization.k8s.io\"}: cannot change roleRef"] },
        { "events.k8s.io/v1/events", """{"regarding":{"namespace":"default","name":"x","kind":"Pod"},"reason":"R","action":"A","type":"Normal","eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"c","reportingInstance":"i"}""", """{"reason":"S","series":{"count":1,"lastObservedTime":"2026-01-01T00:00:00.000000Z"}}""", ["series.count: Invalid value: \"\": should be at least 2", "reason: Invalid value: \"S\": field is immutable"] },
    };

    /// <summary>A resource, an object of it, a status, and what is said of that.</summary>
    public static TheoryData<string, string, string, string[]> Statuses => new()
    {
        { "apps/v1/deployments", Workload(""" "minReadySeconds":0 """), """{"replicas":1,"readyReplicas":2,"collisionCount":-1}""", ["status.collisionCount: Invalid value: -1: must be greater than or equal to 0", "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas", "status.collisionCount: Invalid value: -1: cannot be decremented"] },
        { "apps/v1/statefulsets", Workload(""" "minReadySeconds":0 """), """{"replicas":2,"readyReplicas":1,"availableReplicas":2}""", ["status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"] },
        { "apps/v1/daemonsets", Workload(""" "minReadySeconds":0 """), """{"numberReady":-1}""", ["status.numberReady: Invalid value: -1: must be greater than or equal to 0"] },
        { Jobs, Job(""" "completions":1 """), """{"completionTime":"2026-01-01T00:00:00Z"}""", ["status.completionTime: Invalid value: \"2026-01-01T00:00:00Z\": cannot set completionTime when there is no Complete=True condition"] },
        { Jobs, Job(""" "completions":1 """), """{"startTime":"2026-01-01T00:00:00Z","conditions":[{"type":"Failed","status":"True"}]}""", ["status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"] },
        { Budgets, """{"spec":{"minAvailable":1}}""", """{"currentHealthy":-1}""", ["status.currentHealthy: Invalid value: -1: must be greater than or equal to 0"] },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Status_ThatCannotBe_IsRefused(string resource, string body, string status, string[] expected)
    {
        string name = $"s-{Guid.NewGuid():N}"[..12];
        await api.SendAsync("POST", Path(resource), Named(body, name));

        (int code, JsonNode refused) = await api.SendAsync(
            "PATCH", $"{Path(resource)}/{name}/status", $$"""{"status":{{status}}}""", "application/merge-patch+json");

        Assert.Equal(422, code);
        Assert.Equal(expected, Causes(refused));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Create_BreakingARule_SaysWhich(string resource, string body, string[] expected)
    {
        (int code, JsonNode refused) = await api.SendAsync("POST", Path(resource), Named(body, "x"));

        Assert.Equal((422, "Invalid"), (code, refused["reason"]?.ToString()));
        Assert.Equal(expected, Causes(refused));
    }

    [Theory]
    [MemberData(nameof(Unchangeable))]
    public async Task Update_OfWhatStays_IsRefused(string resource, string body, string change, string[] expected)
    {
        string name = $"u-{Guid.NewGuid():N}"[..12];
        (int made, JsonNode document) = await api.SendAsync("POST", Path(resource), Named(body, name));
        Assert.True(made == 201, document.ToJsonString());

        (int code, JsonNode refused) = await api.SendAsync("PATCH", $"{Path(resource)}/{name}", change, "application/merge-patch+json");
        (int deleted, _) = await api.SendAsync("DELETE", $"{Path(resource)}/{name}");

        Assert.Equal((422, 200), (code, deleted));
        Assert.Equal(expected, Causes(refused));
    }

    [Fact]
    public async Task StatefulSet_WithClaims_MountsThem()
    {
        (int code, JsonNode made) = await api.SendAsync("POST", Path("apps/v1/statefulsets"), """
            {"metadata":{"name":"with-claims"},
             "spec":{"selector":{"matchLabels":{"a":"b"}},
                     "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}],
                     "template":{"metadata":{"labels":{"a":"b"}},
                                 "spec":{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"data","mountPath":"/data"}]}]}}}}
            """);

        Assert.True(code == 201, made.ToJsonString());
    }

    [Fact]
    public async Task Service_ChangesItsType_LosesWhatBelongedToTheOld()
    {
        string path = $"{Path("v1/services")}/changing";
        (int made, JsonNode balancer) = await api.SendAsync("POST", Path("v1/services"), """
            {"metadata":{"name":"changing"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]}}
            """);
        (int changed, JsonNode plain) = await api.SendAsync("PATCH", path, """{"spec":{"type":"ClusterIP"}}""", "application/merge-patch+json");
        (int named, JsonNode external) = await api.SendAsync(
            "PATCH", path, """{"spec":{"type":"ExternalName","externalName":"a.example"}}""", "application/merge-patch+json");

        Assert.Equal((201, 200, 200), (made, changed, named));
        Assert.InRange(balancer["spec"]!["healthCheckNodePort"]!.GetValue<long>(), 30000, 32767);
        foreach (string gone in (string[])["externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"])
        {
            Assert.NotNull(balancer["spec"]![gone]);
            Assert.Null(plain["spec"]![gone]);
        }

        Assert.Null(plain["spec"]!["ports"]![0]!["nodePort"]);
        Assert.Equal(balancer["spec"]!["clusterIP"]!.ToString(), plain["spec"]!["clusterIP"]!.ToString());
        Assert.Null(external["spec"]!["clusterIP"]);
        Assert.Null(external["spec"]!["ipFamilies"]);
    }

    [Fact]
    public async Task LimitRange_OfContainers_HasItsDefaultsFilledIn()
    {
        (_, JsonNode made) = await api.SendAsync("POST", Path("v1/limitranges") + "?dryRun=All", """
            {"metadata":{"name":"filled"},"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Mi"}}]}}
            """);

        JsonNode limit = made["spec"]!["limits"]![0]!;
        Assert.Equal("""{"cpu":"2"}""", limit["default"]!.ToJsonString());
        Assert.Equal("""{"cpu":"2","memory":"1Mi"}""", limit["defaultRequest"]!.ToJsonString());
    }

    private static string Path(string resource)
    {
        string[] parts = resource.Split('/');
        bool isCluster = parts[^1] is "ingressclasses" or "servicecidrs" or "ipaddresses" or "storageclasses" or "csidrivers" or "csinodes"
            or "volumeattachments" or "volumeattributesclasses" or "persistentvolumes" or "clusterroles" or "clusterrolebindings"
            or "runtimeclasses" or "nodes" or "certificatesigningrequests" or "priorityclasses";
        string root = parts.Length == 2 ? $"/api/{parts[0]}" : $"/apis/{parts[0]}/{parts[1]}";
        return isCluster ? $"{root}/{parts[^1]}" : $"{root}/namespaces/default/{parts[^1]}";
    }

    private static string Named(string body, string name)
    {
        JsonObject document = JsonNode.Parse(body)!.AsObject();
        document["metadata"] = new JsonObject { ["name"] = name };
        return document.ToJsonString();
    }

    private static IEnumerable<string> Causes(JsonNode status) =>
        status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}: {cause["message"]}");

    private static string Paths(string path) =>
        """{"spec":{"rules":[{"http":{"paths":[""" + path + """ "backend":{"service":{"name":"s","port":{"number":80}}}}]}}]}}""";

    private static string Scaler(string part) =>
        """{"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"x"},""" + part + "}}";

    private static string Port(string part) => """{"spec":{"ports":[{"port":80}],""" + part + "}}";

    private static string Job(string part) => """{"spec":{"template":""" + JobTemplate + "," + part + "}}";

    private static string Cron(string schedule, string part = "") =>
        """{"spec":{"schedule":" """.Trim() + schedule + "\"," + part + """ "jobTemplate":{"spec":{"template":""" + JobTemplate + "}}}}";

    private static string Workload(string part) =>
        """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":""" + Template + "," + part + "}}";

    private static string Signing(string part) => """{"spec":{"request":" """.Trim() + EveryKindTests.SigningRequest() + "\"," + part + "}}";
}
