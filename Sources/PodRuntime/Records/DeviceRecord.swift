import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// The block devices among a container's volumes, as the shim makes them: each a node with the owner and the mode that it has on the node, and a
/// rule for the kernel's device filter. Blocking for a moment.
enum DeviceRecord {
    static func append(_ devices: [ContainerConfiguration.Device], to writer: inout WireWriter) throws(RuntimeFailure) {
        for device in devices {
            let status = try status(of: device)
            let (major, minor) = numbers(UInt64(status.st_rdev))
            writer.layout(
                SWL_TAG_DEVICE,
                swl_device(
                    type: UInt32(UInt8(ascii: "b")), major: major, minor: minor, mode: UInt32(status.st_mode) & 0o777, uid: status.st_uid,
                    gid: status.st_gid, path_length: UInt32(device.destination.utf8.count), reserved: 0), followedBy: [device.destination])
            // The mode stops no root in the container; this does, but for privileged containers, which have no such filter.
            let access = UInt32(device.readOnly ? SWL_DEVICE_READ : SWL_DEVICE_READ | SWL_DEVICE_WRITE)
            writer.layout(
                SWL_TAG_DEVICE_RULE,
                swl_device_rule(type: UInt32(UInt8(ascii: "b")), major: major, minor: minor, access: access, allow: 1, reserved: 0))
        }
    }

    private static func status(of device: ContainerConfiguration.Device) throws(RuntimeFailure) -> stat {
        var status = stat()
        do throws(SystemError) {
            try systemCall("stat", device.source) { stat(device.source, &status) }
        } catch {
            throw RuntimeFailure(.create, "the block device for \(device.destination) cannot be had: \(error)")
        }
        guard status.st_mode & S_IFMT == S_IFBLK else {
            throw RuntimeFailure(.create, "found no block device at \(device.source), wanted one for \(device.destination)")
        }
        return status
    }

    /// glibc's form of device numbers.
    private static func numbers(_ device: UInt64) -> (major: UInt32, minor: UInt32) {
        (UInt32(device >> 8 & 0xfff | device >> 32 & 0xffff_f000), UInt32(device & 0xff | device >> 12 & 0xffff_ff00))
    }
}
