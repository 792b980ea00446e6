/// The ruleset for two served Services and one without endpoints.
enum GoldenRuleset {
    static let text = """
        table ip swiftlet {
        \tcomment "Services of this node, kept by swiftlet"

        \tset cluster-cidrs {
        \t\ttype ipv4_addr
        \t\tflags interval
        \t\tcomment "pods of the cluster"
        \t\telements = { 10.244.0.0/16 }
        \t}

        \tset cluster-ips {
        \t\ttype ipv4_addr
        \t\tcomment "ClusterIPs of all services"
        \t\telements = { 10.96.0.1,
        \t\t\t     10.96.0.6,
        \t\t\t     10.96.0.10 }
        \t}

        \tset hairpin {
        \t\ttype ipv4_addr . ipv4_addr
        \t\tcomment "pods of this node that may reach themselves"
        \t\telements = { 10.244.0.2 . 10.244.0.2 }
        \t}

        \tmap nodeport-endpoints {
        \t\ttypeof numgen random mod 2 . meta l4proto . th dport : ip daddr . th dport
        \t\tcomment "slot . protocol . NodePort"
        \t\telements = { 0 . tcp . 30080 : 10.244.0.2 . 8080,
        \t\t\t     1 . tcp . 30080 : 10.244.1.3 . 8080 }
        \t}

        \tmap nodeport-frontends {
        \t\ttype inet_proto . inet_service : verdict
        \t\tcomment "protocol . NodePort"
        \t\telements = { tcp . 30080 : goto nodeport-external-pick-2 }
        \t}

        \tset nodeport-ips {
        \t\ttype ipv4_addr
        \t\tcomment "addresses of this node that accept NodePort traffic"
        \t\telements = { 192.168.77.11 }
        \t}

        \tset pod-cidrs {
        \t\ttype ipv4_addr
        \t\tflags interval
        \t\tcomment "pods of this node"
        \t\telements = { 10.244.0.0/24 }
        \t}

        \tset service-cidrs {
        \t\ttype ipv4_addr
        \t\tflags interval
        \t\tcomment "addresses that ClusterIPs are taken from"
        \t}

        \tmap service-endpoints {
        \t\ttypeof numgen random mod 2 . ip daddr . meta l4proto . th dport : ip daddr . th dport
        \t\tcomment "slot . address . protocol . port"
        \t\telements = { 0 . 10.96.0.1 . tcp . 80 : 10.244.0.2 . 8080,
        \t\t\t     0 . 10.96.0.10 . udp . 80 : 10.244.0.2 . 8080,
        \t\t\t     1 . 10.96.0.1 . tcp . 80 : 10.244.1.3 . 8080 }
        \t}

        \tmap service-frontends {
        \t\ttype ipv4_addr . inet_proto . inet_service : verdict
        \t\tcomment "address . protocol . port"
        \t\telements = { 10.96.0.1 . tcp . 80 : goto pick-2,
        \t\t\t     10.96.0.10 . udp . 80 : goto pick-1 }
        \t}

        \tmap unserved-frontends {
        \t\ttype ipv4_addr . inet_proto . inet_service : verdict
        \t\tcomment "no endpoint for a client from anywhere, or from outside"
        \t}

        \tmap unserved-nodeports {
        \t\ttype inet_proto . inet_service : verdict
        \t\tcomment "no endpoint for a client from anywhere, or from outside"
        \t\telements = { tcp . 30081 : goto refuse }
        \t}

        \tchain filter-output {
        \t\ttype filter hook output priority filter; policy accept;
        \t\tct state new jump unservable
        \t}

        \tchain filter-prerouting {
        \t\ttype filter hook prerouting priority filter; policy accept;
        \t\tct state new jump unservable
        \t}

        \tchain nat-output {
        \t\ttype nat hook output priority -100; policy accept;
        \t\tjump services
        \t}

        \tchain nat-postrouting {
        \t\ttype nat hook postrouting priority srcnat; policy accept;
        \t\tct status dnat ip saddr . ip daddr @hairpin masquerade fully-random comment "a pod that reaches itself answers through the node"
        \t\tct status dnat meta mark & 0x00004000 != 0x00000000 masquerade fully-random comment "from outside to any endpoint"
        \t\tct status dnat ct original ip daddr @cluster-ips ip saddr != @cluster-cidrs masquerade fully-random comment "to ClusterIPs from outside the pod network"
        \t\tip saddr @pod-cidrs ip daddr != @cluster-cidrs masquerade fully-random comment "pods to the world outside"
        \t}

        \tchain nat-prerouting {
        \t\ttype nat hook prerouting priority dstnat; policy accept;
        \t\tjump services
        \t}

        \tchain nodeport-external-pick-2 {
        \t\tmeta mark set meta mark | 0x00004000
        \t\tdnat ip to numgen random mod 2 . meta l4proto . th dport map @nodeport-endpoints
        \t}

        \tchain pick-1 {
        \t\tdnat ip to numgen random mod 1 . ip daddr . meta l4proto . th dport map @service-endpoints
        \t}

        \tchain pick-2 {
        \t\tdnat ip to numgen random mod 2 . ip daddr . meta l4proto . th dport map @service-endpoints
        \t}

        \tchain refuse {
        \t\treject with tcp reset
        \t\treject
        \t}

        \tchain services {
        \t\tip daddr . meta l4proto . th dport vmap @service-frontends
        \t\tip daddr @nodeport-ips meta l4proto . th dport vmap @nodeport-frontends
        \t}

        \tchain unservable {
        \t\tip daddr . meta l4proto . th dport vmap @unserved-frontends
        \t\tip daddr @cluster-ips goto refuse comment "no endpoints, or no such port"
        \t\tip daddr @nodeport-ips meta l4proto . th dport vmap @unserved-nodeports
        \t\tip daddr @service-cidrs drop comment "no such service"
        \t}
        }

        """
}
