"""The units as systemd runs them."""
from labs.vm.case import VMCase

UNITS = ("swiftlet", "swiftlet-spawner", "swiftlet-pods")


class Units(VMCase):
    def test_all_units_run(self):
        failed = self.lab.run("systemctl list-units --failed --plain --no-legend").stdout
        assert not failed, failed
        for unit in UNITS:
            state = self.lab.run(f"systemctl show -P ActiveState {unit}").stdout.strip()
            assert state == "active", f"{unit} is {state}"
        # The image has no certificate authorities: a node of a private cluster needs none.
        self.lab.run("test ! -e /etc/ssl/certs/ca-certificates.crt")
        self.note(self.lab.run("systemd-analyze | head -1").stdout.strip())

    def test_status_names_the_node(self):
        text = self.lab.run("swiftlet status").stdout
        assert "node-1" in text, text
        request = "GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
        answer = self.lab.run(f"exec 3<> /dev/tcp/127.0.0.1/10248; printf '{request}' >&3; cat <&3").stdout
        assert " 200 " in answer.splitlines()[0], answer

    def test_exposure(self):
        """Information only: most restrictions of systemd would apply to pods' sandboxes too."""
        script = "for unit in swiftlet swiftlet-spawner; do systemd-analyze security --no-pager $unit | tail -1; done"
        lines = self.lab.run(script).stdout.splitlines()
        self.note("; ".join(line.split(": ", 1)[-1] for line in lines))
