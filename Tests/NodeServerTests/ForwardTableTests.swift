import SPDY
import TestSupport
import Testing

@testable import NodeServer

@Suite struct ForwardTableTests {
    private static func open(_ id: UInt32, _ type: String, port: String = "80", request: String? = "r", isLast: Bool = false) -> SPDYFrame {
        var headers = ["streamtype": type, "port": port]
        if let request { headers["requestid"] = request }
        return .synStream(id: id, headers: headers, isLast: isLast)
    }

    private static func accepted(_ id: UInt32) -> ForwardTable.Action { .send(.synReply(id: id, headers: [:], isLast: false)) }
    private static func refused(_ id: UInt32) -> [ForwardTable.Action] { [.send(.reset(id: id, status: .cancel))] }

    @Test("an error stream and a data stream of one request become one connection", arguments: [true, false])
    func pairs(errorFirst: Bool) {
        var table = ForwardTable(mostConnections: 10)
        let (error, data): (UInt32, UInt32) = errorFirst ? (1, 3) : (3, 1)
        let first = table.receive(Self.open(1, errorFirst ? "error" : "data"))
        #expect(first == [Self.accepted(1), .expect(requestID: "r")] + (errorFirst ? [] : [.open(data: 1)]))
        let second = table.receive(Self.open(3, errorFirst ? "data" : "error"))
        let pair = ForwardTable.Pair(requestID: "r", port: 80, data: data, error: error)
        #expect(second == [Self.accepted(3)] + (errorFirst ? [.open(data: 3)] : []) + [.connect(pair)])
        #expect(table.receive(.data(id: data, bytes: [1], isLast: false)) == [.data(data, [1])])
        #expect(table.receive(.data(id: data, bytes: [], isLast: true)) == [.end(data: data)])
        #expect(table.receive(.data(id: error, bytes: [1], isLast: true)) == [])
        #expect(table.expire("r") == [])
        // The number may be used again.
        #expect(table.receive(Self.open(5, "error")) == [Self.accepted(5), .expect(requestID: "r")])
    }

    @Test("a client without request ids gets pairs of neighbours") func withoutRequestIDs() {
        var table = ForwardTable(mostConnections: 10)
        #expect(table.receive(Self.open(5, "error", request: nil)) == [Self.accepted(5), .expect(requestID: "5")])
        let pair = ForwardTable.Pair(requestID: "5", port: 80, data: 7, error: 5)
        #expect(table.receive(Self.open(7, "data", request: nil)) == [Self.accepted(7), .open(data: 7), .connect(pair)])
    }

    @Test("a stream without a proper port or type, or a second one, is reset")
    func refusals() {
        var table = ForwardTable(mostConnections: 10)
        for (index, (type, port)) in [("data", ""), ("data", "0"), ("data", "65536"), ("data", "http"), ("error", "-1"), ("stdin", "80")].enumerated()
        {
            let id = UInt32(index * 2 + 1)
            #expect(table.receive(Self.open(id, type, port: port)) == Self.refused(id))
        }
        #expect(table.receive(.synStream(id: 21, headers: [:], isLast: false)) == Self.refused(21))
        _ = table.receive(Self.open(23, "data"))
        #expect(table.receive(Self.open(25, "data")) == Self.refused(25))
    }

    @Test("a request whose second stream does not come is given up with a text") func expiry() {
        var table = ForwardTable(mostConnections: 10)
        _ = table.receive(Self.open(1, "error", request: "7"))
        let text = "error processing request 7: timed out waiting for streams"
        #expect(table.expire("7") == [.send(.data(id: 1, bytes: Array(text.utf8), isLast: true))])
        _ = table.receive(Self.open(3, "data", request: "8"))
        #expect(table.expire("8") == [.send(.reset(id: 3, status: .cancel)), .abort(data: 3)])
        #expect(table.expire("9") == [])
    }

    @Test("a reset gives the connection up, or the request whose other half waits") func resets() {
        var table = ForwardTable(mostConnections: 10)
        _ = table.receive(Self.open(1, "error"))
        _ = table.receive(Self.open(3, "data"))
        #expect(table.receive(.reset(id: 3, status: .cancel)) == [.abort(data: 3)])
        #expect(!table.canSend(3) && table.canSend(1))
        _ = table.receive(Self.open(5, "data"))
        #expect(table.receive(.reset(id: 5, status: .cancel)) == [.abort(data: 5)])
        _ = table.receive(Self.open(7, "data"))
        #expect(table.receive(Self.open(9, "error")).contains(.connect(.init(requestID: "r", port: 80, data: 7, error: 9))))
        #expect(table.receive(.goAway(lastGood: 0, status: 0)) == [.leave])
    }

    @Test("streams beyond the limit are refused, until a connection is over") func tooMany() {
        var table = ForwardTable(mostConnections: 1)
        _ = table.receive(Self.open(1, "error"))
        _ = table.receive(Self.open(3, "data"))
        #expect(table.receive(Self.open(5, "error", request: "s")) == [.send(.reset(id: 5, status: .refused))])
        #expect(table.reset(3) && table.reset(1))
        #expect(table.receive(Self.open(7, "error", request: "s")) == [Self.accepted(7), .expect(requestID: "s")])
    }

    @Test("any frames keep connections and streams apart") func anyFrames() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<3000 {
            var table = ForwardTable(mostConnections: 3)
            var known: Set<UInt32> = []
            for _ in 0..<40 {
                let id = UInt32.random(in: 0...30, using: &random)
                let frame: SPDYFrame
                switch Int.random(in: 0...6, using: &random) {
                case 0...2:
                    let request = ["a", "b", nil].randomElement(using: &random)!
                    frame = Self.open(id, ["data", "error", "x"].randomElement(using: &random)!, request: request, isLast: .random(using: &random))
                case 3, 4: frame = .data(id: id, bytes: [1], isLast: .random(using: &random))
                default: frame = .reset(id: id, status: .cancel)
                }
                for action in Bool.random(using: &random) ? table.receive(frame) : table.expire(["a", "b", "3"].randomElement(using: &random)!) {
                    switch action {
                    case .open(let data): #expect(known.insert(data).inserted)
                    case .connect(let pair): #expect(known.contains(pair.data) && pair.data != pair.error)
                    case .data(let data, _), .end(let data), .abort(let data): #expect(known.contains(data))
                    case .send, .expect, .leave: continue
                    }
                }
            }
        }
    }
}
