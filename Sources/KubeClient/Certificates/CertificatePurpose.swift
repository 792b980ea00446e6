import Addresses

/// The use of a node's certificate, with the signer, names and files that follow from it.
package struct CertificatePurpose: Sendable, Hashable {
    package let nodeName: String
    package let signerName: String
    package let usages: [String]
    /// `kubelet-client` or `kubelet-server`: the first part of the file names.
    package let filePrefix: String
    package let dnsNames: [String]
    package let ipAddresses: [String]

    /// The node as a client of the API server.
    package static func client(nodeName: String) -> CertificatePurpose {
        CertificatePurpose(
            nodeName: nodeName, signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "client auth"],
            filePrefix: "kubelet-client", dnsNames: [], ipAddresses: [])
    }

    /// The node's own HTTPS endpoint. The signer requires at least one address.
    package static func serving(nodeName: String, dnsNames: [String], ipAddresses: [String]) -> CertificatePurpose {
        CertificatePurpose(
            nodeName: nodeName, signerName: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"],
            filePrefix: "kubelet-server", dnsNames: dnsNames, ipAddresses: ipAddresses)
    }

    /// The node's HTTPS endpoint under the addresses of its Node object, as `(type, address)`, the way kubelet reads them: sorted, and nil while there is
    /// no IP address among them.
    package static func serving(nodeName: String, addresses: [(type: String, address: String)]) -> CertificatePurpose? {
        var names: Set<String> = []
        var ips: Set<String> = []
        for (type, address) in addresses where !address.isEmpty {
            let ip = IPAddress(address)
            switch type {
            case "Hostname": if let ip { ips.insert("\(ip)") } else { names.insert(address) }
            case "InternalIP", "ExternalIP": if let ip { ips.insert("\(ip)") }
            case "InternalDNS", "ExternalDNS": names.insert(address)
            default: break
            }
        }
        return ips.isEmpty ? nil : .serving(nodeName: nodeName, dnsNames: names.sorted(), ipAddresses: ips.sorted())
    }

    /// The user that the API server sees.
    package var commonName: String { "system:node:\(nodeName)" }
    static let organization = "system:nodes"
}
