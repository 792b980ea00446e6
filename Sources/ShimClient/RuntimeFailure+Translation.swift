package import PodCore

extension RuntimeFailure {
    /// The failure of `operation` by any error. A runtime failure stays as it is.
    package init(translating error: any Error, during operation: String, _ code: Code) {
        switch error {
        case let failure as RuntimeFailure: self = failure
        case is CancellationError: self.init(.internal, "\(operation): the request was cancelled")
        default: self.init(code, "\(operation): \(error)")
        }
    }
}
