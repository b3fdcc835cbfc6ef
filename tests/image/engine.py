"""Builds the image without a Docker engine: buildah in a chroot, on a base that debootstrap makes (needs root).

The base is Debian trixie with its Python 3.13, as `python:3.13-slim-trixie` is, so no registry of images is needed.
Everything stays below ``.tools/image``; the base is made once.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.image.files import ROOT

FOLDER = ROOT / ".tools" / "image"
BASE = "localhost/idp-base:trixie"
IMAGE = "localhost/idp:test"
PROGRAMS = ("buildah", "debootstrap", "unshare", "chroot")
_SUITE = ["--variant=minbase", "--include=python3,python3-venv,ca-certificates", "trixie"]
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def missing() -> list[str]:
    """What this machine lacks for a build."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return [*lacking, *([] if os.geteuid() == 0 else ["root's rights"])]


def buildah(*arguments: str | Path) -> str:
    (FOLDER / "tmp").mkdir(parents=True, exist_ok=True)
    places = ["--root", FOLDER / "storage", "--runroot", FOLDER / "run", "--storage-driver", "vfs"]
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(FOLDER / "tmp")}
    done = subprocess.run(
        ["buildah", *places, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.strip()


def make_base() -> None:
    """Debian with Python, as an image, unless it is there."""
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    tree = FOLDER / "base"
    shutil.rmtree(tree, ignore_errors=True)
    done = subprocess.run(
        ["debootstrap", *_SUITE, tree, *filter(None, [os.environ.get("DEBIAN_MIRROR")])],  # else the program's own
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for useless in [*(tree / "var/cache/apt/archives").glob("*.deb"), *(tree / "var/lib/apt/lists").glob("*_*")]:
        useless.unlink()
    recipe = FOLDER / "base.Dockerfile"
    recipe.write_text("FROM scratch\nCOPY base /\n")
    (FOLDER / "ignore-nothing").write_text("")
    buildah("build", "-q", "-f", recipe, "-t", BASE, "--ignorefile", FOLDER / "ignore-nothing", FOLDER)
    shutil.rmtree(tree)


def build() -> None:
    """The image, by the Dockerfile; this machine's way to the package index is lent to it as two secrets."""
    make_base()
    pip = FOLDER / "pip.conf"
    index = os.environ.get("PIP_INDEX_URL")
    pip.write_text("[global]\ncert = /run/secrets/ca\n" + (f"index-url = {index}\n" if index else ""))
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or _CERTIFICATES
    secrets = ["--secret", f"id=pip,src={pip}", "--secret", f"id=ca,src={certificates}"]
    try:
        buildah("build", "-q", "--format", "docker", "--build-arg", f"BASE={BASE}", *secrets, "-t", IMAGE, ".")
    finally:
        pip.unlink()


@dataclass(frozen=True)
class Built:
    """The image: its files, and what it says of itself."""

    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(item.split("=", 1) for item in self.config["Env"])


@contextmanager
def mounted() -> Iterator[Built]:
    """The image's files, as long as the block lasts."""
    container = buildah("from", IMAGE)
    try:
        described = json.loads(buildah("inspect", "--type", "image", IMAGE))
        yield Built(Path(buildah("mount", container)), described["Docker"]["config"])
    finally:
        buildah("rm", container)


def sizes(built: Built) -> dict[str, int]:
    """Bytes of the files, and of what a registry would hold and send."""
    packed = FOLDER / "packed"
    shutil.rmtree(packed, ignore_errors=True)
    buildah("push", "-q", IMAGE, f"oci:{packed}:test")
    manifests = [json.loads(blob.read_bytes()) for blob in packed.glob("blobs/*/*") if blob.stat().st_size < 1 << 16]
    layers = next(found["layers"] for found in manifests if "layers" in found)
    shutil.rmtree(packed)
    files = [path for path in built.root.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = [path for path in files if path.is_relative_to(built.root / "opt")]
    return {
        "files": sum(path.stat().st_size for path in files),
        "files_without_base": sum(path.stat().st_size for path in ours),
        "compressed": sum(layer["size"] for layer in layers),
        "compressed_without_base": layers[-1]["size"],
    }
