/// The way to more room on the images' disk.
package protocol ImageRoom: Sendable {
    /// Removes unused images for a pull that has found too little room.
    /// - Parameter free: the bytes that the pull wants free, as far as it knows.
    /// - Returns: whether there is more room now.
    func makeRoom(free: Int64?) async -> Bool
}
