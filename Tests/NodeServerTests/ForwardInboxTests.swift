import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import NodeServer

@Suite(.timeLimit(.minutes(1))) struct ForwardInboxTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
    private static let piece = [UInt8](repeating: 1, count: 64 << 10)

    private func put(_ piece: [UInt8], into inbox: ForwardInbox) async {
        await inbox.put(piece, on: eventLoop, stall: .hours(1)) {}
    }

    @Test("pieces are taken in their order, up to the client's end") func order() async {
        let inbox = ForwardInbox(ForwardTotal())
        async let taken = {
            var all: [UInt8] = []
            while let piece = await inbox.take() { all += piece }
            return all
        }()
        for number in 0..<100 { await put([UInt8(number)], into: inbox) }
        inbox.end()
        #expect(await taken == (0..<100).map { UInt8($0) })
        #expect(!inbox.isAborted)
    }

    @Test("a full inbox refuses, and takes the next piece when there is room") func full() async {
        let inbox = ForwardInbox(ForwardTotal())
        var count = 0
        while inbox.offer(Self.piece) { count += 1 }
        let room = ForwardInbox.room(Self.piece)
        #expect(count == (ForwardTotal.mostBytes + room - 1) / room)
        async let put: Void = put([2], into: inbox)
        for _ in 0..<count { #expect(await inbox.take()?.count == Self.piece.count) }
        #expect(await inbox.take() == [2])
        await put
    }

    @Test("a reader that waits for room goes on when any connection of the forward gets some") func roomOfOthers() async {
        let total = ForwardTotal()
        let (first, second) = (ForwardInbox(total), ForwardInbox(total))
        while first.offer(Self.piece) {}
        #expect(second.offer([1]))
        async let put: Void = put([2], into: second)
        while first.heldBytes >= ForwardTotal.mostBytes { _ = await first.take() }
        await put
        #expect(await second.take() == [1])
        #expect(await second.take() == [2])
    }

    @Test("what a client has sent before it left can be taken; where nothing is left the connection is over") func leaving() async {
        let (full, empty, drained) = (ForwardInbox(ForwardTotal()), ForwardInbox(ForwardTotal()), ForwardInbox(ForwardTotal()))
        await put([1], into: full)
        full.leave()
        #expect(!full.isAborted && full.offer([2]))
        #expect(await full.take() == [1])
        #expect(await full.take() == nil)
        #expect(!full.isAborted)
        async let taken = empty.take()
        while !empty.isWaitedFor { await Task.yield() }
        empty.leave()
        #expect(await taken == nil && empty.isAborted)
        drained.end()
        #expect(await drained.take() == nil)
        drained.leave()
        #expect(drained.isAborted)
    }

    @Test("inboxes of one forward share its room, and each has room for one piece") func shared() {
        let total = ForwardTotal()
        let inboxes = (0..<40).map { _ in ForwardInbox(total) }
        var bytes = 0
        let room = ForwardInbox.room(Self.piece)
        for inbox in inboxes { while inbox.offer(Self.piece) { bytes += room } }
        #expect(bytes <= ForwardTotal.mostBytes + inboxes.count * room && bytes > ForwardTotal.mostBytes)
        #expect(total.isFull)
        for inbox in inboxes { inbox.abort() }
        #expect(!total.isFull)
    }

    @Test("an aborted inbox wakes both sides, calls its observer once and drops what it had") func abort() async {
        let inbox = ForwardInbox(ForwardTotal())
        let calls = Mutex(0)
        inbox.whenAborted { calls.withLock { $0 += 1 } }
        while inbox.offer(Self.piece) {}
        async let put: Void = put(Self.piece, into: inbox)
        inbox.abort()
        inbox.abort()
        await put
        #expect(await inbox.take() == nil && inbox.isAborted && inbox.offer(Self.piece))
        inbox.whenAborted { calls.withLock { $0 += 1 } }
        #expect(calls.withLock { $0 } == 2)
    }

    @Test("a program that takes no more does not hold the client up") func refusing() async {
        let inbox = ForwardInbox(ForwardTotal())
        while inbox.offer(Self.piece) {}
        async let put: Void = put(Self.piece, into: inbox)
        inbox.refuse()
        await put
        #expect(inbox.offer(Self.piece) && !inbox.isAborted)
        inbox.end()
        #expect(await inbox.take() == nil)
    }

    @Test("giving up is offered while nothing is taken") func stall() async {
        let inbox = ForwardInbox(ForwardTotal())
        while inbox.offer(Self.piece) {}
        await inbox.put(Self.piece, on: eventLoop, stall: .milliseconds(20)) { inbox.abort() }
        #expect(inbox.isAborted)
    }
}
