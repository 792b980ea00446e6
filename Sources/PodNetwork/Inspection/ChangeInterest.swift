package import LinuxNetlink

/// Decides which of the kernel's notifications are worth a look at the network. Pods that come and go alone are not.
package enum ChangeInterest {
    package static func covers(_ change: NetworkChange) -> Bool {
        switch change {
        case .link(let link):
            // A pod's interface comes up at its bridge in one step. Its end, with its pod's, is no reason.
            PodInterface.isHostName(link.name) ? (link.master ?? 0) == 0 || !link.isUp : true
        case .linkRemoved(_, let name): !PodInterface.isHostName(name)
        case .address(_, let isGlobal): isGlobal
        case .routeRemoved(let route): route.table == Route.mainTable && (route.origin == PeerRoutes.origin || route.origin == Route.kernel)
        case .defaultRoute(let route): route.table == Route.mainTable
        // Each new interface begins with forwarding on.
        case .forwarding(let isOn, _): !isOn
        case .setting: true
        }
    }
}
