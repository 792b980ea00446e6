import CLinux
import Glibc

/// The error of this target: the failed call, its object and errno. Switch on `code` or `errno`, never on the text.
package struct SystemError: Error, Sendable, Equatable {
    /// The kind of failure, as far as callers tell kinds apart. Grows; treat an unknown code like `.systemCall`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The kernel refused; `errno` has the reason.
        package static let systemCall = Code(description: "systemCall")
        /// A deadline passed. The call itself may still be going on.
        package static let timedOut = Code(description: "timedOut")
        /// A bound (queue, threads, buffer) is used up.
        package static let busy = Code(description: "busy")
        /// Something is larger than its bound allows.
        package static let tooLarge = Code(description: "tooLarge")
        /// Content of a file or a record that cannot be parsed.
        package static let malformed = Code(description: "malformed")
        /// The other side has closed, or the object was closed here.
        package static let closed = Code(description: "closed")
        /// A tree contains a mount point and was therefore left alone from there on.
        package static let crossesMount = Code(description: "crossesMount")
        /// A path leaves the directory that it has to stay in.
        package static let escapes = Code(description: "escapes")
    }

    package let code: Code
    /// The system call or the operation, e.g. `openat2`.
    package let call: String
    /// The file, process or socket of the call.
    package let path: String?
    /// The errno value, `nil` when no system call was at fault.
    package let errno: Int32?
    /// The text for a person: found and wanted.
    package let detail: String?

    package init(code: Code, call: String, path: String? = nil, errno: Int32? = nil, detail: String? = nil) {
        self.code = code
        self.call = call
        self.path = path
        self.errno = errno
        self.detail = detail
    }

    /// A failed system call.
    package init(call: String, path: String? = nil, errno: Int32) {
        self.init(code: .systemCall, call: call, path: path, errno: errno)
    }

    /// Whether the kernel answered with this errno.
    package func `is`(_ number: Int32) -> Bool { errno == number }

    /// The object does not exist (ENOENT), or a parent is not a directory (ENOTDIR).
    package var isNotFound: Bool { errno == ENOENT || errno == ENOTDIR }

    /// The process is gone (ESRCH).
    package var isNoProcess: Bool { errno == ESRCH }
}

extension SystemError: CustomStringConvertible {
    /// `openat2 /etc/x: No such file or directory (ENOENT)`
    package var description: String {
        var text = call
        if let path { text += " \(path)" }
        if let errno {
            text += ": " + Self.text(of: errno)
        }
        if let detail { text += ": \(detail)" }
        return text
    }

    /// `No such file or directory (ENOENT)`
    package static func text(of errno: Int32) -> String {
        guard let text = swl_errno_text(errno), let name = swl_errno_name(errno) else { return "errno \(errno)" }
        return "\(String(cString: text)) (\(String(cString: name)))"
    }
}
