package import FoundationEssentials

/// The answer to a call that succeeded.
package struct APIAnswer: Sendable {
    /// 200 to 299.
    package let httpStatus: Int
    package let body: Data
}
