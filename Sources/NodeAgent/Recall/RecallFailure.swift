/// What a pod needs is neither to be had from the API server nor in the node's memory.
struct RecallFailure: Error, CustomStringConvertible {
    /// What is missing, and why it is not in the memory.
    let missing: String
    /// Why the API server did not give it.
    let cause: String

    var description: String { "the API server does not answer, and \(missing); trying again (\(cause))" }
}
