"""Small OCI images made of a static busybox, pushed to a registry over its HTTP API."""
import gzip
import hashlib
import io
import json
import tarfile
import urllib.request

from labs.busybox import BUSYBOX, applets

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
INDEX = "application/vnd.oci.image.index.v1+json"
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nweb:x:1000:1000:web:/home/web:/bin/sh\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\nweb:x:1000:\nextra:x:2000:web\n",
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files, directories=(), links=()):
    """A gzipped tar: files are {path: (bytes, mode)}; links are (path, target)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path, mode in directories:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        for path, (data, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
        for path, target in links:
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    plain = raw.getvalue()
    return gzip.compress(plain, mtime=0), digest(plain)


def busybox_layer():
    with open(BUSYBOX, "rb") as file:
        program = file.read()
    files = {"bin/busybox": (program, 0o755)}
    files.update({path: (text.encode(), 0o644) for path, text in ACCOUNTS.items()})
    directories = [("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("home", 0o755), ("home/web", 0o755), ("tmp", 0o1777), ("var", 0o755),
                   ("var/www", 0o755)]
    return layer(files, directories, [(f"bin/{name}", "busybox") for name in applets()])


class Image:
    """An image as a registry holds it: blobs by digest and a manifest."""

    def __init__(self, layers, **config):
        self.blobs = {}
        descriptors = []
        for data, _ in layers:
            self.blobs[digest(data)] = data
            kind = ZSTD_LAYER if data.startswith(ZSTD_MAGIC) else LAYER
            descriptors.append({"mediaType": kind, "digest": digest(data), "size": len(data)})
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], **config},
            "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]},
        }
        encoded = json.dumps(document).encode()
        self.blobs[digest(encoded)] = encoded
        self.manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, "digest": digest(encoded), "size": len(encoded)},
             "layers": descriptors}
        ).encode()


class Artifact:
    """An OCI artifact: named files as they are, with an empty configuration."""

    def __init__(self, files):
        self.blobs = {digest(b"{}"): b"{}"}
        descriptors = []
        for name, data in files.items():
            self.blobs[digest(data)] = data
            descriptors.append({"mediaType": "application/octet-stream", "digest": digest(data), "size": len(data),
                                "annotations": {"org.opencontainers.image.title": name}})
        self.manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.model",
             "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2}, "layers": descriptors}
        ).encode()


def push(registry, name, tag, image):
    """Uploads an image to `registry` (host:port, plain HTTP); returns the manifest's digest."""
    for key, data in image.blobs.items():
        start = urllib.request.Request(f"http://{registry}/v2/{name}/blobs/uploads/", method="POST", data=b"")
        location = urllib.request.urlopen(start, timeout=30).headers["Location"]
        target = location if location.startswith("http") else f"http://{registry}{location}"
        separator = "&" if "?" in target else "?"
        request = urllib.request.Request(
            f"{target}{separator}digest={key}", method="PUT", data=data, headers={"Content-Type": "application/octet-stream"}
        )
        urllib.request.urlopen(request, timeout=60)
    request = urllib.request.Request(f"http://{registry}/v2/{name}/manifests/{tag}", method="PUT", data=image.manifest,
                                     headers={"Content-Type": MANIFEST})
    urllib.request.urlopen(request, timeout=30)
    return digest(image.manifest)


def push_all(registry):
    """Uploads the images that examples, tests and recorded stories use."""
    base = busybox_layer()
    busybox = Image([base], Cmd=["sh"])
    page = "#!/bin/sh\nmkdir -p /tmp/www && echo \"hello from $HOSTNAME\" > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www\n"
    hello = Image([base, layer({"bin/hello": (page.encode(), 0o755)})], Entrypoint=["/bin/hello"])
    nonroot = Image([base], Cmd=["sh"], User="1000")
    with open(BUSYBOX, "rb") as file:
        tool = (file.read(), 0o755)
    model = Image([layer({"data/weights": (b"heavy", 0o644), "tool": tool}, [("data", 0o755)], [("out", "/etc/passwd")]),
                   layer({"data/more": (b"more", 0o644)})])
    push(registry, "model", "1", model)
    push(registry, "files", "1", Artifact({"weights": b"heavy", "docs/readme": b"read me"}))
    push(registry, "hello", "1", hello)
    push(registry, "busybox", "1", busybox)
    push(registry, "e2e-test-images/busybox", "1.37.0-1", busybox)
    push(registry, "e2e-test-images/agnhost", "2.63.0", hello)
    push(registry, "e2e-test-images/nonroot", "1.5", nonroot)
