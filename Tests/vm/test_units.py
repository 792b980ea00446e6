"""The units as systemd runs them."""
UNITS = ("swiftlet", "swiftlet-spawner", "swiftlet-pods")


def test_all_units_run(lab):
    failed = lab.run("systemctl list-units --failed --plain --no-legend").stdout
    assert not failed, failed
    for unit in UNITS:
        state = lab.run(f"systemctl show -P ActiveState {unit}").stdout.strip()
        assert state == "active", f"{unit} is {state}"
    # The image has no authorities of the internet: a node of a private cluster needs none.
    lab.run("test ! -e /etc/ssl/certs/ca-certificates.crt")
    return lab.run("systemd-analyze | head -1").stdout.strip()


def test_status_names_the_node(lab):
    text = lab.run("swiftlet status").stdout
    assert "node-1" in text, text
    answer = lab.run("exec 3<> /dev/tcp/127.0.0.1/10248; printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3").stdout
    assert " 200 " in answer.splitlines()[0], answer


def test_exposure(lab):
    """Information only: most of what systemd could forbid would be forbidden in pods' sandboxes too."""
    lines = lab.run("for unit in swiftlet swiftlet-spawner; do systemd-analyze security --no-pager $unit | tail -1; done").stdout.splitlines()
    return "; ".join(line.split(": ", 1)[-1] for line in lines)
