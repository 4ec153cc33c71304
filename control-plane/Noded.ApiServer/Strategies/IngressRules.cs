using System.Text.Json.Nodes;

using Noded.Api;
using Noded.Api.Validation;
using Noded.ApiServer.Documents;

namespace Noded.ApiServer.Strategies;

/// <summary>The rules for Ingresses and their classes (pkg/apis/networking/validation).</summary>
internal static class IngressRules
{
    private const string ClassAnnotation = "kubernetes.io/ingress.class";
    private const int LongestController = 250;

    private static readonly FieldPath Spec = new("spec");
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadEnds = ["/..", "/."];

    public static void Validate(JsonObject ingress, FieldErrors errors)
    {
        JsonObject spec = ingress.ObjectOrNew("spec");
        if (!spec.Objects("rules").Any() && spec.Object("defaultBackend") is null)
        {
            errors.InvalidPart(Spec, spec["rules"], "either `defaultBackend` or `rules` must be specified");
        }

        if (spec.Object("defaultBackend") is { } backend)
        {
            Backend(backend, Spec.Child("defaultBackend"), errors);
        }

        int index = 0;
        foreach (JsonObject rule in spec.Objects("rules"))
        {
            Rule(rule, Spec.Child("rules").Index(index++), errors);
        }

        index = 0;
        foreach (JsonObject tls in spec.Objects("tls"))
        {
            Tls(tls, Spec.Child("tls").Index(index++), errors);
        }

        errors.AllowName(Spec.Child("ingressClassName"), spec.Text("ingressClassName"), NameRules.Dns1123Subdomain);
    }

    /// <summary>What holds only when an Ingress is made.</summary>
    public static void ValidateClass(JsonObject ingress, FieldErrors errors)
    {
        string? annotated = ingress.Object("metadata").Object("annotations").Text(ClassAnnotation);
        if (annotated is not null && ingress.At("spec", "ingressClassName").AsText() is { } named && named != annotated)
        {
            errors.Invalid(
                new FieldPath("annotations").Child(ClassAnnotation), annotated, "must match `ingressClassName` when both are specified");
        }
    }

    public static void ValidateIngressClass(JsonObject document, FieldErrors errors)
    {
        JsonObject spec = document.ObjectOrNew("spec");
        string controller = spec.Text("controller") ?? "";
        if (controller.Length > LongestController)
        {
            errors.TooLong(Spec.Child("controller"), LongestController);
        }

        NetworkNames.DomainPath(controller, Spec.Child("controller"), errors);
        if (spec.Object("parameters") is { } parameters)
        {
            Parameters(parameters, Spec.Child("parameters"), errors);
        }
    }

    public static void ValidateIngressClassUpdate(JsonObject document, JsonObject old, FieldErrors errors)
    {
        errors.Immutable(Spec.Child("controller"), document.At("spec", "controller"), old.At("spec", "controller"));
        ValidateIngressClass(document, errors);
    }

    private static void Rule(JsonObject rule, FieldPath path, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            if (NetworkNames.Address(host) is not null)
            {
                errors.Invalid(path.Child("host"), host, "must be a DNS name, not an IP address");
            }

            Host(host, path.Child("host"), errors);
        }

        if (rule.Object("http") is not { } http)
        {
            return;
        }

        FieldPath paths = path.Child("http").Child("paths");
        if (!http.Objects("paths").Any())
        {
            errors.Required(paths);
        }

        int index = 0;
        foreach (JsonObject item in http.Objects("paths"))
        {
            Path(item, paths.Index(index++), errors);
        }
    }

    private static void Tls(JsonObject tls, FieldPath path, FieldErrors errors)
    {
        int index = 0;
        foreach (string host in tls.Texts("hosts"))
        {
            Host(host, path.Child("hosts").Index(index++), errors);
        }

        errors.AllowName(path.Child("secretName"), tls.Text("secretName"), NameRules.Dns1123Subdomain);
    }

    private static void Host(string host, FieldPath path, FieldErrors errors) => errors.Invalid(
        path, host, host.Contains('*', StringComparison.Ordinal) ? NetworkNames.Wildcard(host) : NameRules.Dns1123Subdomain(host));

    private static void Path(JsonObject item, FieldPath at, FieldErrors errors)
    {
        string type = item.Text("pathType") ?? "";
        string path = item.Text("path") ?? "";
        switch (type)
        {
            case "":
                errors.Required(at.Child("pathType"), "pathType must be specified");
                return;
            case "Exact" or "Prefix":
                Absolute(path, at.Child("path"), errors);
                foreach (string sequence in BadSequences.Where(bad => path.Contains(bad, StringComparison.Ordinal)))
                {
                    errors.Invalid(at.Child("path"), path, $"must not contain '{sequence}'");
                }

                foreach (string end in BadEnds.Where(bad => path.EndsWith(bad, StringComparison.Ordinal)))
                {
                    errors.Invalid(at.Child("path"), path, $"cannot end with '{end}'");
                }

                break;
            case "ImplementationSpecific":
                if (path.Length > 0)
                {
                    Absolute(path, at.Child("path"), errors);
                }

                break;
            default:
                errors.NotSupported(at.Child("pathType"), type, "Exact", "ImplementationSpecific", "Prefix");
                break;
        }

        Backend(item.Object("backend") ?? [], at.Child("backend"), errors);
    }

    private static void Absolute(string path, FieldPath at, FieldErrors errors)
    {
        if (!path.StartsWith('/'))
        {
            errors.Invalid(at, path, "must be an absolute path");
        }
    }

    private static void Backend(JsonObject backend, FieldPath path, FieldErrors errors)
    {
        switch (backend.Object("resource"), backend.Object("service"))
        {
            case (not null, not null):
                errors.Invalid(path, "", "cannot set both resource and service backends");
                break;
            case ({ } resource, null):
                Reference(resource, path.Child("resource"), errors);
                break;
            case (null, { } service):
                Service(service, path, errors);
                break;
            default:
                errors.Invalid(path, "", "resource or service backend is required");
                break;
        }
    }

    private static void Service(JsonObject service, FieldPath path, FieldErrors errors)
    {
        FieldPath at = path.Child("service");
        errors.RequireName(at.Child("name"), service.Text("name"), ServiceRules.NameErrors);
        string name = service.Object("port").Text("name") ?? "";
        long number = service.Object("port").Integer("number") ?? 0;
        switch (name.Length > 0, number != 0)
        {
            case (true, true):
                errors.Invalid(path, "", "cannot set both port name & port number");
                break;
            case (true, false):
                errors.Invalid(at.Child("port").Child("name"), name, NameRules.PortName(name));
                break;
            case (false, true):
                NetworkNames.Port(number, at.Child("port").Child("number"), errors);
                break;
            default:
                errors.Required(path, "port name or number is required");
                break;
        }
    }

    /// <summary>An object that is named by group, kind and name.</summary>
    private static void Reference(JsonObject reference, FieldPath path, FieldErrors errors)
    {
        if (reference.Text("apiGroup") is { } group)
        {
            errors.Invalid(path.Child("apiGroup"), group, NameRules.Dns1123Subdomain(group));
        }

        errors.RequireName(path.Child("kind"), reference.Text("kind"), PathSegment.Errors);
        errors.RequireName(path.Child("name"), reference.Text("name"), PathSegment.Errors);
    }

    private static void Parameters(JsonObject parameters, FieldPath path, FieldErrors errors)
    {
        Reference(parameters, path, errors);
        string? ns = parameters.Text("namespace");
        switch (parameters.Text("scope"))
        {
            case null or "":
                errors.Required(path.Child("scope"));
                break;
            case "Namespace" when ns is null:
                errors.Required(path.Child("namespace"), "`parameters.scope` is set to 'Namespace'");
                break;
            case "Namespace":
                errors.Invalid(path.Child("namespace"), ns, NameRules.Dns1123Label(ns ?? ""));
                break;
            case "Cluster" when ns is not null:
                errors.Forbidden(path.Child("namespace"), "`parameters.scope` is set to 'Cluster'");
                break;
            case "Cluster":
                break;
            case { } other:
                errors.NotSupported(path.Child("scope"), other, "Cluster", "Namespace");
                break;
        }
    }
}
