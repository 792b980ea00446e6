/// `core/v1 Container`; also stands for `EphemeralContainer`, which differs by `targetContainerName` alone.
package struct Container: Sendable, Hashable, Codable {
    package var name: String
    package var image: String?
    package var command: [String]?
    package var args: [String]?
    package var workingDir: String?
    package var ports: [ContainerPort]?
    package var env: [EnvVar]?
    package var envFrom: [EnvFromSource]?
    package var resources: ResourceRequirements?
    package var resizePolicy: [ContainerResizePolicy]?
    /// Instead of the pod's policy. `Always` makes an init container a sidecar.
    package var restartPolicy: RestartPolicy?
    /// Looked at in this order before `restartPolicy`; without that they mean nothing.
    package var restartPolicyRules: [ContainerRestartRule]?
    package var volumeMounts: [VolumeMount]?
    package var volumeDevices: [VolumeDevice]?
    package var livenessProbe: Probe?
    package var readinessProbe: Probe?
    package var startupProbe: Probe?
    package var lifecycle: Lifecycle?
    package var terminationMessagePath: String?
    package var terminationMessagePolicy: String?
    package var imagePullPolicy: ImagePullPolicy?
    package var securityContext: SecurityContext?
    package var stdin: Bool?
    package var stdinOnce: Bool?
    package var tty: Bool?
    package var targetContainerName: String?

    package init(name: String, image: String) {
        self.name = name
        self.image = image
    }
}

/// `core/v1 ContainerRestartRule`: what to do after an end with certain exit codes.
package struct ContainerRestartRule: Sendable, Hashable, Codable {
    package struct ExitCodes: Sendable, Hashable, Codable {
        /// `In` or `NotIn`.
        package var `operator`: String
        package var values: [Int]?
    }

    package enum Action: String, Sendable {
        /// The container runs again.
        case restart = "Restart"
        /// All containers of the pod run again, beginning with the first init container.
        case restartAllContainers = "RestartAllContainers"
    }

    /// An ``Action``, or one that only a newer API server knows.
    package var action: String
    package var exitCodes: ExitCodes?
}

package enum ImagePullPolicy: String, Sendable, Hashable, Codable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
}

package struct ContainerPort: Sendable, Hashable, Codable {
    package var name: String?
    package var hostPort: Int?
    package var containerPort: Int
    /// `TCP` (the default), `UDP` or `SCTP`.
    package var `protocol`: String?
    package var hostIP: String?
}

package struct EnvVar: Sendable, Hashable, Codable {
    package var name: String
    package var value: String?
    package var valueFrom: EnvVarSource?
}

package struct EnvVarSource: Sendable, Hashable, Codable {
    package var fieldRef: ObjectFieldSelector?
    package var resourceFieldRef: ResourceFieldSelector?
    package var configMapKeyRef: KeySelector?
    package var secretKeyRef: KeySelector?
    package var fileKeyRef: FileKeySelector?
}

package struct ObjectFieldSelector: Sendable, Hashable, Codable {
    package var apiVersion: String?
    package var fieldPath: String
}

package struct ResourceFieldSelector: Sendable, Hashable, Codable {
    package var containerName: String?
    package var resource: String
    package var divisor: Quantity?
}

/// A key of a ConfigMap or Secret.
package struct KeySelector: Sendable, Hashable, Codable {
    package var name: String?
    package var key: String
    package var optional: Bool?
}

/// A key of a file in a volume (`core/v1 FileKeySelector`).
package struct FileKeySelector: Sendable, Hashable, Codable {
    package var volumeName: String
    package var path: String
    package var key: String
    package var optional: Bool?
}

package struct EnvFromSource: Sendable, Hashable, Codable {
    package struct Reference: Sendable, Hashable, Codable {
        package var name: String?
        package var optional: Bool?
    }

    package var prefix: String?
    package var configMapRef: Reference?
    package var secretRef: Reference?
}

package struct ResourceRequirements: Sendable, Hashable, Codable {
    package struct Claim: Sendable, Hashable, Codable {
        package var name: String
        package var request: String?
    }

    package var limits: [String: Quantity]?
    package var requests: [String: Quantity]?
    package var claims: [Claim]?

    package init(limits: [String: Quantity]? = nil, requests: [String: Quantity]? = nil) {
        self.limits = limits
        self.requests = requests
    }
}

package struct ContainerResizePolicy: Sendable, Hashable, Codable {
    package var resourceName: String
    package var restartPolicy: String
}

package struct VolumeMount: Sendable, Hashable, Codable {
    package var name: String
    package var readOnly: Bool?
    package var recursiveReadOnly: String?
    package var mountPath: String
    package var subPath: String?
    package var mountPropagation: String?
    package var subPathExpr: String?
}

package struct VolumeDevice: Sendable, Hashable, Codable {
    package var name: String
    package var devicePath: String
}

package struct Lifecycle: Sendable, Hashable, Codable {
    package var postStart: LifecycleHandler?
    package var preStop: LifecycleHandler?
    package var stopSignal: String?
}

package struct LifecycleHandler: Sendable, Hashable, Codable {
    package struct Sleep: Sendable, Hashable, Codable {
        package var seconds: Int64
    }

    package var exec: ExecAction?
    package var httpGet: HTTPGetAction?
    package var tcpSocket: TCPSocketAction?
    package var sleep: Sleep?
}
