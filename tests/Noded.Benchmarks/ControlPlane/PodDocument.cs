namespace Noded.Benchmarks.ControlPlane;

/// <summary>The pod of the measurements: two containers; admission adds the volume with the token.</summary>
internal static class PodDocument
{
    private const string Spec = """
        {"containers":[
         {"name":"web","image":"registry.example/shop/web:1.2.3","args":["--listen=:8080","--backend=http://cart"],
          "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
          "env":[{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"MODE","value":"production"}],
          "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"}},
          "readinessProbe":{"httpGet":{"path":"/ready","port":"http"},"periodSeconds":5}},
         {"name":"proxy","image":"registry.example/mesh/proxy:4.5.6","args":["--admin=:9901"],
          "resources":{"requests":{"cpu":"50m","memory":"64Mi"},"limits":{"memory":"128Mi"}}}],
         "terminationGracePeriodSeconds":10}
        """;

    /// <summary>One that the server names, so that the same request can be sent again and again.</summary>
    internal static string Generated => Document("\"generateName\":\"web-\"");

    internal static string Named(string name) => Document($"\"name\":\"{name}\"");

    private static string Document(string name) =>
        $$"""{"apiVersion":"v1","kind":"Pod","metadata":{ {{name}},"labels":{"app":"web","version":"1.2.3"} },"spec":{{Spec}}}""";
}
