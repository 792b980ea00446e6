/// `core/v1 Probe`. All times are whole seconds.
package struct Probe: Sendable, Hashable, Codable {
    package struct GRPC: Sendable, Hashable, Codable {
        package var port: Int
        package var service: String?
    }

    package var exec: ExecAction?
    package var httpGet: HTTPGetAction?
    package var tcpSocket: TCPSocketAction?
    package var grpc: GRPC?
    package var initialDelaySeconds: Int?
    package var timeoutSeconds: Int?
    package var periodSeconds: Int?
    package var successThreshold: Int?
    package var failureThreshold: Int?
    package var terminationGracePeriodSeconds: Int64?
}

package struct ExecAction: Sendable, Hashable, Codable {
    package var command: [String]?
}

package struct HTTPGetAction: Sendable, Hashable, Codable {
    package struct Header: Sendable, Hashable, Codable {
        package var name: String
        package var value: String
    }

    package var path: String?
    package var port: IntOrString
    package var host: String?
    package var scheme: String?
    package var httpHeaders: [Header]?
}

package struct TCPSocketAction: Sendable, Hashable, Codable {
    package var port: IntOrString
    package var host: String?
}
