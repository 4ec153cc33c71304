#!/usr/bin/env python3
"""Extracts the facts of the API's types from k8s.io/api and k8s.io/apimachinery: extract.py K8S_IO_DIRECTORY OUT.tsv

Facts only: names, types, numbers on the wire, list types, merge keys, defaults, constants of closed sets.
"""
import os
import re
import sys

API_GROUPS = ["core/v1", "apps/v1", "batch/v1", "discovery/v1", "events/v1", "networking/v1", "policy/v1", "rbac/v1",
              "storage/v1", "coordination/v1", "certificates/v1", "scheduling/v1", "node/v1", "autoscaling/v1",
              "autoscaling/v2", "authentication/v1", "authorization/v1"]
PACKAGES = {f"api/{group}": group for group in API_GROUPS} | {"apimachinery/pkg/apis/meta/v1": "meta/v1"}
WELL_KNOWN = {
    "meta/v1.Time": "time", "meta/v1.MicroTime": "microtime", "meta/v1.Duration": "duration",
    "meta/v1.FieldsV1": "fields", "resource.Quantity": "quantity", "intstr.IntOrString": "intorstring",
    "runtime.RawExtension": "raw", "runtime.Object": "raw", "types.UID": "string", "types.NodeName": "string",
    "types.NamespacedName": "string",
}
SCALARS = {"string", "bool", "int32", "int64", "uint32", "uint64", "float64"}
FIELD = re.compile(r"^\t(?:(\w+)[ \t]+)?([^\s`/]+)(?:[ \t]+`([^`]*)`)?\s*(?://.*)?$")
TAG = re.compile(r'(\w+):"([^"]*)"')


class Package:
    def __init__(self, name, text):
        self.name = name
        self.imports = {}
        self.structs = {}
        self.aliases = {}
        self.enums = {}
        self.constants = {}
        self.read(text)

    def read(self, text):
        for alias, path in re.findall(r'^\t(\w*) ?"(k8s\.io/[^"]+)"$', text, re.M):
            path = path.removeprefix("k8s.io/")
            self.imports[alias or path.split("/")[-1]] = PACKAGES.get(path, path.split("/")[-1])
        comment, lines = [], text.split("\n")
        index = 0
        while index < len(lines):
            line = lines[index]
            if line.startswith("//"):
                comment.append(line)
            elif struct := re.match(r"^type (\w+) struct \{(\})?", line):
                end = index if struct[2] else lines.index("}", index)
                self.structs[struct[1]] = lines[index + 1:end]
                index = end
                comment = []
            elif alias := re.match(r"^type (\w+) ([\w\[\].*]+)", line):
                self.aliases[alias[1]] = alias[2]
                if any(part.strip() == "// +enum" for part in comment):
                    self.enums[alias[1]] = []
                comment = []
            elif line:
                comment = []
            index += 1
        for name, kind, value in re.findall(r'^\s*(?:const )?(\w+)\s+(\w+)\s*=\s*"([^"]*)"', text, re.M):
            self.constants[name] = value
            if kind in self.enums:
                self.enums[kind].append(value)


def resolve(packages, package, text):
    """The type in our notation, and the values it is restricted to."""
    text = text.lstrip("*")
    if text == "[]byte":
        return "bytes", []
    if text.startswith("[]"):
        kind, values = resolve(packages, package, text[2:])
        return "[]" + kind, values
    if match := re.match(r"^map\[[\w.]+\](.+)$", text):
        return "{}" + resolve(packages, package, match[1])[0], []
    if text in ("interface{}", "any"):
        return "raw", []
    if text in SCALARS:
        return text, []
    if text == "int":
        return "int64", []
    owner, name = (package.imports.get(text.split(".")[0], "?"), text.split(".")[1]) if "." in text else (
        package.name, text)
    full = f"{owner}.{name}"
    if full in WELL_KNOWN:
        return WELL_KNOWN[full], []
    target = packages.get(owner)
    if target is None:
        raise ValueError(f"{package.name}: unknown type {text}")
    if name in target.structs:
        return full, []
    if name not in target.aliases:
        raise ValueError(f"{package.name}: unknown type {text}")
    kind, _ = resolve(packages, target, target.aliases[name])
    # A named list is a message of its own in protobuf.
    if kind.startswith("[]") and name in ("ExtraValue", "Verbs"):
        kind = "items" + kind
    return kind, target.enums.get(name, [])


def default_of(packages, package, text):
    if text.startswith("ref("):
        name = text[4:-1].split(".")[-1]
        for candidate in (package, *packages.values()):
            if name in candidate.constants:
                return f'"{candidate.constants[name]}"'
        return ""
    return text


def field_row(packages, package, line, markers):
    match = FIELD.match(line)
    if not match or not match[3]:
        return None
    name, kind, tags = match[1], match[2], dict(TAG.findall(match[3]))
    json = tags.get("json", "")
    json_name, *options = json.split(",")
    if json_name == "-":
        return None
    inline = "inline" in options or (not json_name and name is None)
    kind_name, values = resolve(packages, package, kind)
    number = tags.get("protobuf", ",").split(",")[1]
    optional = "optional" in markers or "omitempty" in options
    flags = ("i" if inline else "") + ("o" if optional and "required" not in markers else "r")
    flags += "p" if kind.startswith("*") else ""
    flags += "e" if "omitempty" in options or "omitzero" in options else ""
    list_type = markers.get("listType", markers.get("mapType", markers.get("structType", "")))
    keys = ",".join(markers.get("listMapKey", "").split())
    return [json_name or kind_name.split(".")[-1], kind_name, number or "0", flags,
            list_type + (":" + keys if keys else ""), tags.get("patchStrategy", ""), tags.get("patchMergeKey", ""),
            default_of(packages, package, markers.get("default", "")), ",".join(values)]


def rows(packages, package, struct):
    markers = {}
    for line in package.structs[struct]:
        stripped = line.strip()
        if stripped.startswith("//"):
            if marker := re.match(r"^//\s*\+(?:k8s:)?(\w+)(?:=(.*))?$", stripped):
                key, value = marker[1], (marker[2] or "").strip()
                markers[key] = f"{markers[key]} {value}" if key == "listMapKey" and key in markers else value
            continue
        if stripped:
            if row := field_row(packages, package, line, markers):
                yield row
            markers = {}
        # A blank line does not end a field's comment, as little as it does for the generators upstream.


def main(source, target):
    packages = {}
    for path, name in PACKAGES.items():
        directory = os.path.join(source, path)
        texts = [open(os.path.join(directory, file), encoding="utf-8").read() for file in sorted(os.listdir(directory))
                 if file.endswith(".go") and not re.search(r"_test|zz_gen|generated|swagger_doc", file)]
        packages[name] = Package(name, "\n".join(texts))
    with open(target, "w", encoding="utf-8", newline="\n") as out:
        for name, package in packages.items():
            for struct in sorted(package.structs):
                if f"{name}.{struct}" in WELL_KNOWN:
                    continue
                fields = list(rows(packages, package, struct))
                if not fields:
                    continue
                out.write(f"type\t{name}.{struct}\n")
                for row in fields:
                    out.write("\t".join(row).rstrip("\t") + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
