package import LinuxSystem

/// The one error of this target. Switch on `code`, never on the text.
package struct CgroupError: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The kernel refused; `cause` has the reason.
        package static let kernel = Code(description: "kernel")
        /// A controller that limits need is not available, and limits are required.
        package static let missingControllers = Code(description: "missingControllers")
        /// The root is not a cgroup v2 directory.
        package static let notACgroup = Code(description: "notACgroup")
        /// A name that leaves the tree.
        package static let invalidName = Code(description: "invalidName")
        /// A memory limit below the memory in use.
        package static let belowUsage = Code(description: "belowUsage")
        /// Processes are still there after the deadline.
        package static let busy = Code(description: "busy")
    }

    package let code: Code
    package let operation: String
    /// The cgroup's directory.
    package let path: String
    package let detail: String?
    package let cause: SystemError?

    package init(code: Code, operation: String, path: String, detail: String? = nil, cause: SystemError? = nil) {
        self.code = code
        self.operation = operation
        self.path = path
        self.detail = detail
        self.cause = cause
    }

    package var description: String {
        var text = "\(operation) \(path)"
        if let detail { text += ": \(detail)" }
        if let cause { text += ": \(cause)" }
        return text
    }

    /// Runs file operations and translates their errors.
    static func translating<R>(_ operation: String, _ path: String, _ body: () throws(SystemError) -> R) throws(CgroupError) -> R {
        do throws(SystemError) {
            return try body()
        } catch {
            throw CgroupError(code: .kernel, operation: operation, path: path, cause: error)
        }
    }
}
