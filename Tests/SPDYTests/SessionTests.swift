import SPDY
import Testing

@Suite struct SessionTests {
    private static func opened(_ id: UInt32) -> SPDYSession.Received { .opened(id: id, headers: [:], isLast: false) }
    private static func open(_ id: UInt32, isLast: Bool = false) -> SPDYFrame { .synStream(id: id, headers: [:], isLast: isLast) }

    @Test("streams are opened with rising odd numbers") func numbers() {
        var session = SPDYSession(mostStreams: 10)
        #expect(session.receive(Self.open(3)) == Self.opened(3))
        for wrong: UInt32 in [3, 1, 4] { #expect(session.receive(Self.open(wrong)) == .reply(.reset(id: wrong, status: .protocolError))) }
        #expect(session.receive(Self.open(5)) == Self.opened(5))
        #expect(session.openStreams == 2)
    }

    @Test("more streams than allowed are refused, until one has ended") func tooMany() {
        var session = SPDYSession(mostStreams: 2)
        _ = session.receive(Self.open(1))
        _ = session.receive(Self.open(3))
        #expect(session.receive(Self.open(5)) == .reply(.reset(id: 5, status: .refused)))
        #expect(session.receive(.reset(id: 1, status: .cancel)) == .reset(id: 1))
        #expect(session.receive(Self.open(7)) == Self.opened(7))
    }

    @Test("each side ends its direction alone, and the stream is over when both have") func halfClose() {
        var session = SPDYSession(mostStreams: 2)
        _ = session.receive(Self.open(1))
        #expect(session.receive(.data(id: 1, bytes: [1], isLast: true)) == .data(id: 1, bytes: [1], isLast: true))
        #expect(session.receive(.data(id: 1, bytes: [2], isLast: false)) == .nothing)
        #expect(session.canSend(1) && session.openStreams == 1)
        #expect(session.endOutput(1) == true)
        #expect(session.endOutput(1) == false)
        #expect(session.canSend(1) == false && session.openStreams == 0)
        _ = session.receive(Self.open(3, isLast: true))
        #expect(session.receive(.data(id: 3, bytes: [2], isLast: false)) == .nothing)
        #expect(session.endOutput(3) == true)
        #expect(session.openStreams == 0)
    }

    @Test("frames of a stream that is over mean nothing") func lateFrames() {
        var session = SPDYSession(mostStreams: 2)
        _ = session.receive(Self.open(1))
        #expect(session.end(1) == true)
        #expect(session.end(1) == false)
        #expect(session.receive(.data(id: 1, bytes: [1], isLast: false)) == .nothing)
        #expect(session.receive(.reset(id: 1, status: .cancel)) == .nothing)
    }

    @Test("a ping of the client's is answered, an answer is not, and after a goodbye no stream is opened") func pings() {
        var session = SPDYSession(mostStreams: 2)
        #expect(session.receive(.ping(1)) == .reply(.ping(1)))
        #expect(session.receive(.ping(2)) == .nothing)
        for frame in [SPDYFrame.settings, .windowUpdate(id: 1, delta: 9), .synReply(id: 1, headers: [:], isLast: false)] {
            #expect(session.receive(frame) == .nothing)
        }
        #expect(session.receive(.goAway(lastGood: 0, status: 0)) == .goAway)
        #expect(session.receive(Self.open(1)) == .nothing)
    }
}
