package import SPDY

/// The SPDY streams of one forward: which belong together, and what their frames mean.
///
/// Each forwarded connection has a data stream and an error stream with the same request id; both name the port.
package struct ForwardTable: Sendable {
    /// A connection to make.
    package struct Pair: Sendable, Hashable {
        package let requestID: String
        package let port: UInt16
        package let data: UInt32
        package let error: UInt32
    }

    package enum Action: Sendable, Hashable {
        case send(SPDYFrame)
        /// The other stream of this request is to come soon, or ``expire(_:)`` gives the request up.
        case expect(requestID: String)
        /// A data stream was opened.
        case open(data: UInt32)
        case connect(Pair)
        case data(UInt32, [UInt8])
        /// The client sends nothing more over this data stream.
        case end(data: UInt32)
        /// The client, or ``expire(_:)``, has given this data stream up.
        case abort(data: UInt32)
        /// The client leaves.
        case leave
    }

    private struct Half: Sendable {
        var data: UInt32?
        var dataPort: UInt16 = 0
        var error: UInt32?
    }

    /// Bytes. kubectl counts its requests.
    private static let longestRequestID = 256

    private var session: SPDYSession
    private var halves: [String: Half] = [:]
    /// The request of each stream in `halves`.
    private var requests: [UInt32: String] = [:]
    private var dataStreams: Set<UInt32> = []

    /// - Parameter mostConnections: at once; streams for more are refused.
    package init(mostConnections: Int) { session = SPDYSession(mostStreams: mostConnections * 2) }

    package mutating func receive(_ frame: SPDYFrame) -> [Action] {
        switch session.receive(frame) {
        case .nothing: return []
        case .reply(let reply): return [.send(reply)]
        case .opened(let id, let headers, let isLast): return open(id, headers, isLast: isLast)
        case .data(let id, let bytes, let isLast):
            guard dataStreams.contains(id) else { return [] }
            return (bytes.isEmpty ? [] : [.data(id, bytes)]) + (isLast ? [.end(data: id)] : [])
        case .reset(let id): return gone(id)
        case .goAway: return [.leave]
        }
    }

    /// Gives a request up whose second stream did not come.
    package mutating func expire(_ requestID: String) -> [Action] {
        guard let half = halves.removeValue(forKey: requestID) else { return [] }
        var actions: [Action] = []
        if let error = half.error {
            requests[error] = nil
            if session.endOutput(error) {
                let text = "error processing request \(requestID): timed out waiting for streams"
                actions.append(.send(.data(id: error, bytes: Array(text.utf8), isLast: true)))
            }
        }
        if let data = half.data {
            requests[data] = nil
            if session.end(data) { actions.append(.send(.reset(id: data, status: .cancel))) }
            actions.append(.abort(data: data))
        }
        return actions
    }

    package func canSend(_ id: UInt32) -> Bool { session.canSend(id) }

    /// Returns whether the end of this side's bytes must still be sent.
    package mutating func endOutput(_ id: UInt32) -> Bool { session.endOutput(id) }

    /// Gives a stream up; returns whether a reset must be sent.
    package mutating func reset(_ id: UInt32) -> Bool { session.end(id) }

    /// The connection of this data stream is over.
    package mutating func forget(data id: UInt32) { dataStreams.remove(id) }

    private mutating func open(_ id: UInt32, _ headers: [String: String], isLast: Bool) -> [Action] {
        let type = headers["streamtype"]
        guard let port = headers["port"].flatMap({ UInt16($0) }), port > 0, type == "data" || type == "error" else { return refuse(id) }
        let isData = type == "data"
        // A client without request ids opens the error stream first and the data stream next.
        let requestID = headers["requestid"] ?? "\(isData ? Int(id) - 2 : Int(id))"
        guard requestID.utf8.count <= Self.longestRequestID else { return refuse(id) }
        var half = halves[requestID] ?? Half()
        guard isData ? half.data == nil : half.error == nil else { return refuse(id) }
        var actions: [Action] = [.send(session.accept(id))]
        if halves[requestID] == nil { actions.append(.expect(requestID: requestID)) }
        if isData {
            half.data = id
            half.dataPort = port
            dataStreams.insert(id)
            actions.append(.open(data: id))
        } else {
            half.error = id
        }
        if let data = half.data, let error = half.error {
            halves[requestID] = nil
            requests[data] = nil
            requests[error] = nil
            actions.append(.connect(Pair(requestID: requestID, port: half.dataPort, data: data, error: error)))
        } else {
            halves[requestID] = half
            requests[id] = requestID
        }
        if isData, isLast { actions.append(.end(data: id)) }
        return actions
    }

    private mutating func refuse(_ id: UInt32) -> [Action] { session.end(id) ? [.send(.reset(id: id, status: .cancel))] : [] }

    private mutating func gone(_ id: UInt32) -> [Action] {
        var actions: [Action] = []
        // Its other half waits in vain.
        if let requestID = requests.removeValue(forKey: id) { actions = expire(requestID) }
        if dataStreams.contains(id), !actions.contains(.abort(data: id)) { actions.append(.abort(data: id)) }
        return actions
    }
}
