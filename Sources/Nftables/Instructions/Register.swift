/// A 32-bit register of the rule machine, 0 to 15, or the verdict register.
package struct Register: Sendable, Hashable {
    package let number: UInt32

    /// The register that verdict maps write to (NFT_REG_VERDICT).
    package static let verdict = Register(number: 0)

    private init(number: UInt32) { self.number = number }

    /// - Parameter index: 0 to 15. Every fourth is numbered like the 128-bit register that starts there (NFT_REG_1, …),
    ///   as the kernel does when it prints a rule, so that written and read rules are alike.
    package init(index: Int) {
        number = index % 4 == 0 ? UInt32(1 + index / 4) : UInt32(8 + index)
    }
}
