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

    /// The user that the API server sees.
    package var commonName: String { "system:node:\(nodeName)" }
    static let organization = "system:nodes"
}
