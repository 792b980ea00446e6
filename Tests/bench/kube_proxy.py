"""Rules in the shape of kube-proxy's nftables mode: a chain and an anonymous map for each Service, found by one verdict map.

Less than kube-proxy writes: comments, hairpin and NodePort rules are left out, so that a comparison is in its favour.
"""
import ipaddress

CLUSTER_IPS = ipaddress.ip_address("10.96.0.1")
ENDPOINTS = ipaddress.ip_address("10.244.0.2")
TABLE = "ip kube-proxy"
HEAD = """table {table} {{
\tchain nat-prerouting {{ type nat hook prerouting priority dstnat; policy accept; jump services; }}
\tchain nat-output {{ type nat hook output priority -100; policy accept; jump services; }}
\tchain nat-postrouting {{ type nat hook postrouting priority srcnat; policy accept; jump masquerading; }}
\tchain masquerading {{ meta mark & 0x00004000 == 0 return; masquerade fully-random; }}
\tchain mark-for-masquerade {{ meta mark set meta mark | 0x00004000; }}
\tchain services {{ ip daddr . meta l4proto . th dport vmap @service-ips; }}
"""


def chain(number):
    return f"service-{number:08X}-bench/service-{number}/tcp/http"


def rules(number, second=None):
    first, second = ENDPOINTS + 2 * number, second or ENDPOINTS + 2 * number + 1
    return (
        f"ip daddr {CLUSTER_IPS + number} tcp dport 80 ip saddr != 10.244.0.0/14 jump mark-for-masquerade",
        f"meta l4proto tcp dnat ip to numgen random mod 2 map {{ 0 : {first} . 8080, 1 : {second} . 8080 }}",
    )


def write(path, count):
    """Writes the rules of `count` Services with two endpoints each."""
    with open(path, "w") as file:
        file.write(HEAD.format(table=TABLE))
        for number in range(count):
            file.write(f"\tchain {chain(number)} {{ {'; '.join(rules(number))}; }}\n")
        addresses = ", ".join(str(CLUSTER_IPS + number) for number in range(count))
        file.write(f"\tset cluster-ips {{ type ipv4_addr; elements = {{ {addresses} }}; }}\n")
        places = ",\n".join(f"{CLUSTER_IPS + number} . tcp . 80 : goto {chain(number)}" for number in range(count))
        file.write(f"\tmap service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict; elements = {{ {places} }}; }}\n}}\n")


def change(number, second):
    """The text for another second endpoint of a Service: its chain is written anew."""
    lines = "".join(f"add rule {TABLE} {chain(number)} {rule}\n" for rule in rules(number, second))
    return f"flush chain {TABLE} {chain(number)}\n{lines}"
