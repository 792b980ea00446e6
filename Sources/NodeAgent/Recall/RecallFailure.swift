/// A pod needs an object that neither the API server nor the node's memory gives.
struct RecallFailure: Error, CustomStringConvertible {
    /// The missing object, and why it is not in the memory.
    let missing: String
    /// Why the API server did not give it.
    let cause: String

    var description: String { "the API server does not answer, and \(missing); trying again (\(cause))" }
}
