import CLinux
import CMnl
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import LinuxNetlink

@Suite struct NetlinkMessageTests {
    @Test("attributes survive encoding and reading") func attributesSurviveARoundTrip() throws {
        var message = NetlinkMessage("TEST", type: 7)
        message.append(UInt32(5))
        message.attribute(1, UInt8(9))
        message.attribute(2, string: "veth0")
        message.nested(3) { inner in
            inner.attribute(4, bigEndian: UInt16(0x1234))
            inner.attribute(flag: 5)
        }
        let replies = message.encoded(flags: 0, sequence: 3).withUnsafeBytes { NetlinkSocket.split($0) }
        let reply = try #require(replies.first)
        #expect(replies.count == 1 && reply.type == 7 && reply.sequence == 3)
        #expect(reply.header(as: UInt32.self) == 5)
        let attributes = reply.attributes(after: UInt32.self)
        #expect(attributes[1]?.uint8 == 9)
        #expect(attributes[2]?.string == "veth0")
        #expect(attributes[3]?.nested[4]?.bigEndian16 == 0x1234)
        #expect(attributes[3]?.nested[5]?.bytes.isEmpty == true)
        #expect(attributes[6] == nil)
    }

    @Test(
        "damaged attributes end the list",
        arguments: [[UInt8]](arrayLiteral: [3, 0, 1, 0], [9, 0, 1, 0, 0], [4, 0], [255, 255, 1, 0, 0, 0, 0, 0]))
    func damagedAttributesEndTheList(bytes: [UInt8]) {
        #expect(Array(NetlinkAttributes(bytes[...])).isEmpty)
    }

    @Test("a cut message is dropped") func aCutMessageIsDropped() {
        var message = NetlinkMessage("TEST", type: 7)
        message.append(UInt64(5))
        let bytes = message.encoded(flags: 0, sequence: 3)
        #expect(bytes.dropLast().withUnsafeBytes { NetlinkSocket.split($0) }.isEmpty)
    }
}

@Suite(.enabled(if: isRoot, "needs root")) struct NetlinkSocketKernelTests {
    /// The namespace of a thread that left with unshare; nothing else refers to it, so it ends with the descriptor.
    static func freshNamespace() throws -> OwnedFileDescriptor {
        final class Box { var descriptor: Int32 = -1 }
        let box = Box()
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                let box = Unmanaged<Box>.fromOpaque(argument!).takeUnretainedValue()
                if swl_unshare(SWL_CLONE_NEWNET) == 0 { box.descriptor = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) }
                return nil
            }, Unmanaged.passUnretained(box).toOpaque())
        pthread_join(thread, nil)
        return try descriptorCall("unshare") { box.descriptor }
    }

    static func linkNames(_ socket: NetlinkSocket) throws -> [String] {
        var request = NetlinkMessage("RTM_GETLINK", type: RTM_GETLINK)
        request.append(ifinfomsg())
        return try socket.dump(request).compactMap { $0.attributes(after: ifinfomsg.self)[IFLA_IFNAME]?.string }
    }

    @Test("a dump lists the links of another namespace") func dumpsTheLinksOfAnotherNamespace() throws {
        let namespace = try Self.freshNamespace()
        let names = try Self.linkNames(NetlinkSocket(.route, namespace: namespace.rawValue))
        #expect(names == ["lo"])
        // The caller's own thread has not moved.
        #expect(try Self.linkNames(NetlinkSocket(.route)).count >= 1)
    }

    @Test("a refusal carries errno and the kernel's text") func refusalCarriesErrnoAndKernelText() throws {
        let namespace = try Self.freshNamespace()
        let socket = try NetlinkSocket(.route, namespace: namespace.rawValue)
        var missing = NetlinkMessage("RTM_DELLINK", type: RTM_DELLINK)
        var header = ifinfomsg()
        header.ifi_index = 4711
        missing.append(header)
        let absent = #expect(throws: NetlinkError.self) { try socket.transact(missing) }
        #expect(absent?.isNotFound == true && absent?.operation == "RTM_DELLINK")

        var nonsense = NetlinkMessage("RTM_NEWLINK", type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL)
        nonsense.append(ifinfomsg())
        nonsense.nested(IFLA_LINKINFO) { $0.attribute(IFLA_INFO_KIND, string: "no-such-kind") }
        let refused = #expect(throws: NetlinkError.self) { try socket.transact(nonsense) }
        #expect(refused?.errno == EOPNOTSUPP)
        #expect(refused?.kernelText == "Unknown device type")
        // The conversation goes on after a refusal.
        #expect(try Self.linkNames(socket) == ["lo"])
    }

    @Test("notifications arrive and overruns are reported") func notificationsArriveAndOverrunsAreReported() throws {
        let namespace = try Self.freshNamespace()
        let listener = try NetlinkSocket(.route, namespace: namespace.rawValue, receiveBuffer: 1)
        try listener.join(RTNLGRP_LINK.rawValue)
        #expect(try listener.notifications().isEmpty)
        let socket = try NetlinkSocket(.route, namespace: namespace.rawValue)
        func set(up: Bool) throws {
            var request = NetlinkMessage("RTM_SETLINK", type: RTM_SETLINK)
            var header = ifinfomsg()
            header.ifi_index = 1
            header.ifi_flags = up ? UInt32(IFF_UP) : 0
            header.ifi_change = UInt32(IFF_UP)
            request.append(header)
            try socket.transact(request)
        }
        try set(up: true)
        #expect(try listener.notifications().contains { $0.type == UInt16(RTM_NEWLINK) })
        for round in 0..<20 { try set(up: round % 2 == 1) }
        let lost = #expect(throws: NetlinkError.self) { while true { _ = try listener.notifications() } }
        #expect(lost?.code == .overrun)
    }

    @Test("a closed namespace descriptor is refused") func aClosedNamespaceDescriptorIsRefused() {
        let error = #expect(throws: NetlinkError.self) { try NetlinkSocket(.route, namespace: -1) }
        #expect(error?.operation == "socket" && error?.errno == EBADF)
    }
}
