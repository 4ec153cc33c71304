using Noded.Cni.Results;

namespace Noded.Cni;

/// <summary>
/// A plugin's part of the specification's verbs; <see cref="Skel"/> does the rest. Failures are
/// <see cref="CniException"/>, whatever else is thrown reaches the runtime with a general code.
/// </summary>
public interface ICniPlugin
{
    /// <summary>Attaches; what a failure leaves half done, it undoes itself.</summary>
    CniResult Add(CniRequest request);

    /// <summary>Detaches completely, also what is half there; nothing there is success.</summary>
    void Del(CniRequest request);

    /// <summary>Throws when the attachment is not as the previous result says.</summary>
    void Check(CniRequest request);

    /// <summary>Removes what belongs to attachments that are not among the request's valid ones.</summary>
    void Gc(CniRequest request);

    /// <summary>Throws when ADD could not be served now.</summary>
    void Status(CniRequest request);
}
