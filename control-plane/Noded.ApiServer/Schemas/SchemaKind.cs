namespace Noded.ApiServer.Schemas;

/// <summary>The shapes that a value of the API can have.</summary>
internal enum SchemaKind
{
    Text,
    Boolean,
    Integer,
    Number,

    /// <summary>Base64 in JSON.</summary>
    Bytes,

    /// <summary>RFC 3339 with whole seconds.</summary>
    Time,

    /// <summary>RFC 3339 with six decimals.</summary>
    MicroTime,
    Duration,
    Quantity,
    IntOrString,

    /// <summary>The set of fields of managedFields: any JSON.</summary>
    Fields,

    /// <summary>Any JSON.</summary>
    Raw,
    List,
    Map,
    Structure,
}
