import YAML

extension KubeconfigDocument {
    /// A value that is missing or of another kind than the field's.
    struct Misshapen: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads the file's root; `nil` of an empty file gives a document without contexts.
    init(_ root: YAMLNode?) throws(Misshapen) {
        guard let root, !root.isNull else { return }
        let fields = try Fields(root, place: "the file")
        kind = try fields.text("kind")
        currentContext = try fields.text("current-context")
        clusters = try fields.list("clusters").map { (item) throws(Misshapen) in
            NamedCluster(name: try item.requiredText("name"), cluster: try Cluster(try item.mapping("cluster")))
        }
        users = try fields.list("users").map { (item) throws(Misshapen) in
            NamedUser(name: try item.requiredText("name"), user: try User(try item.mapping("user")))
        }
        contexts = try fields.list("contexts").map { (item) throws(Misshapen) in
            NamedContext(name: try item.requiredText("name"), context: try Context(try item.mapping("context")))
        }
    }

    /// A mapping of the file and its place there, such as `users[0].user`.
    fileprivate struct Fields {
        private let node: YAMLNode
        private let place: String

        init(_ node: YAMLNode, place: String) throws(Misshapen) {
            guard case .mapping = node else { throw Misshapen(description: "\(place) on line \(node.line) is not a mapping") }
            self.node = node
            self.place = place
        }

        func text(_ key: String) throws(Misshapen) -> String? {
            guard let value = value(key) else { return nil }
            guard let text = value.text else { throw Misshapen(description: "\(key) on line \(value.line) is not a text") }
            return text
        }

        func requiredText(_ key: String) throws(Misshapen) -> String {
            guard let text = try text(key) else { throw Misshapen(description: "\(key) of \(place) is missing") }
            return text
        }

        func flag(_ key: String) throws(Misshapen) -> Bool? {
            guard let text = try text(key) else { return nil }
            switch text.lowercased() {
            case "true", "yes", "on": return true
            case "false", "no", "off": return false
            default: throw Misshapen(description: "\(key): found '\(text)', wanted true or false")
            }
        }

        func mapping(_ key: String) throws(Misshapen) -> Fields {
            guard let value = value(key) else { throw Misshapen(description: "\(key) of \(place) is missing") }
            return try Fields(value, place: "\(place).\(key)")
        }

        func list(_ key: String) throws(Misshapen) -> [Fields] {
            guard let value = value(key) else { return [] }
            guard case .sequence(let elements, _) = value else { throw Misshapen(description: "\(key) on line \(value.line) is not a list") }
            return try elements.enumerated().map { (index, element) throws(Misshapen) in try Fields(element, place: "\(key)[\(index)]") }
        }

        func texts(_ key: String) throws(Misshapen) -> [String] {
            guard let value = value(key) else { return [] }
            guard case .sequence(let elements, _) = value else { throw Misshapen(description: "\(key) on line \(value.line) is not a list") }
            return try elements.map { (element) throws(Misshapen) in
                guard let text = element.text else { throw Misshapen(description: "\(key) on line \(element.line) holds more than texts") }
                return text
            }
        }

        func has(_ key: String) -> Bool { value(key) != nil }

        private func value(_ key: String) -> YAMLNode? { node[key].flatMap { $0.isNull ? nil : $0 } }
    }
}

extension KubeconfigDocument.Cluster {
    fileprivate init(_ fields: KubeconfigDocument.Fields) throws(KubeconfigDocument.Misshapen) {
        server = try fields.text("server")
        certificateAuthority = try fields.text("certificate-authority")
        certificateAuthorityData = try fields.text("certificate-authority-data")
        tlsServerName = try fields.text("tls-server-name")
        insecureSkipTLSVerify = try fields.flag("insecure-skip-tls-verify")
        proxyURL = try fields.text("proxy-url")
    }
}

extension KubeconfigDocument.User {
    fileprivate init(_ fields: KubeconfigDocument.Fields) throws(KubeconfigDocument.Misshapen) {
        clientCertificate = try fields.text("client-certificate")
        clientCertificateData = try fields.text("client-certificate-data")
        clientKey = try fields.text("client-key")
        clientKeyData = try fields.text("client-key-data")
        token = try fields.text("token")
        tokenFile = try fields.text("tokenFile")
        username = try fields.text("username")
        password = try fields.text("password")
        impersonate = try fields.text("as")
        if fields.has("exec") { exec = try KubeconfigDocument.Exec(try fields.mapping("exec")) }
        hasAuthProvider = fields.has("auth-provider")
    }
}

extension KubeconfigDocument.Exec {
    fileprivate init(_ fields: KubeconfigDocument.Fields) throws(KubeconfigDocument.Misshapen) {
        command = try fields.text("command")
        arguments = try fields.texts("args")
        environment = try fields.list("env").map { (item) throws(KubeconfigDocument.Misshapen) in
            (name: try item.requiredText("name"), value: try item.text("value") ?? "")
        }
        apiVersion = try fields.text("apiVersion")
        interactiveMode = try fields.text("interactiveMode")
        providesClusterInfo = try fields.flag("provideClusterInfo")
        installHint = try fields.text("installHint")
    }
}

extension KubeconfigDocument.Context {
    fileprivate init(_ fields: KubeconfigDocument.Fields) throws(KubeconfigDocument.Misshapen) {
        cluster = try fields.text("cluster")
        user = try fields.text("user")
        namespace = try fields.text("namespace")
    }
}
