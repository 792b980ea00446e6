"""What passes the interfaces of a network namespace: the first packets of TCP connections to some ports."""
import json

# A packet socket of the whole namespace, without link headers. Ends with its standard input, once it has read what came before.
SCRIPT = """
import json, select, socket, struct, sys
capture = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
capture.setblocking(False)
ports = set(map(int, sys.argv[1:]))
print("ready", flush=True)
ended = False
while True:
    try:
        packet = capture.recv(256)
    except BlockingIOError:
        if ended:
            break
        ended = sys.stdin in select.select([capture, sys.stdin], [], [])[0]
        continue
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != 6:
        continue
    tcp = packet[(packet[0] & 15) * 4:]
    source, destination = struct.unpack_from("!HH", tcp)
    if destination in ports and tcp[13] & 0x12 == 2:
        print(json.dumps([socket.inet_ntoa(packet[12:16]), source, socket.inet_ntoa(packet[16:20]), destination]))
"""


class Capture:
    """Several captures at once, by key: `with Capture(lab, {1: namespace}, 8080) as capture: ...; capture.hops[1]`."""

    def __init__(self, lab, namespaces, *ports):
        self.lab, self.namespaces, self.ports = lab, namespaces, map(str, ports)
        # Key: [(source address, source port, destination address, destination port)], each once, in the order of their coming.
        self.hops = {}

    def __enter__(self):
        ports = list(self.ports)
        self.programs = {}
        for key, namespace in self.namespaces.items():
            self.programs[key] = self.lab.start_client(namespace, SCRIPT, *ports)
        for program in self.programs.values():
            if program.stdout.readline() != "ready\n":
                raise RuntimeError(f"the capture did not start: {program.stderr.read()}")
        return self

    def __exit__(self, *_):
        for key, program in self.programs.items():
            lines, _ = program.communicate(timeout=30)
            self.hops[key] = list(dict.fromkeys(tuple(json.loads(line)) for line in lines.splitlines()))
