"""Eclipse Mosquitto, an MQTT server: one listener with a password, one with TLS and the same password.

`details`: `tls` (address), `user`, `password`, `ca` (file of the authority).
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from pathlib import Path

from tools.services import certificates, packages
from tools.services.instances import Plan, Service, ServiceError, free_ports

HOW = (
    "Mosquitto is needed: install it (Debian: `apt-get install mosquitto`), or set RUNNEL_TEST_MOSQUITTO=host:port to "
    "use an MQTT server of yours that lets everybody in"
)
USER, PASSWORD = "runnel", "runnel-secret"


def _programs() -> tuple[str, str]:
    return packages.program("mosquitto", "mosquitto", HOW), packages.program("mosquitto_passwd", "mosquitto", HOW)


def install() -> None:
    """Get the server's programs."""
    _programs()


def prepare(folder: Path) -> Plan:
    """Write the settings and the password file."""
    server, passwords = _programs()
    plain, tls = free_ports(2)
    files = certificates.make(folder / "tls")
    done = subprocess.run(
        [passwords, "-b", "-c", str(folder / "passwords"), USER, PASSWORD], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServiceError(f"mosquitto_passwd: {done.stderr.strip()}. {HOW}")
    (folder / "data").mkdir()
    settings = [
        f"listener {plain} 127.0.0.1", f"listener {tls} 127.0.0.1", f"cafile {files['ca.pem']}",
        f"certfile {files['server.pem']}", f"keyfile {files['server.key']}", "allow_anonymous false",
        f"password_file {folder / 'passwords'}", "persistence true", f"persistence_location {folder / 'data'}/",
        "autosave_interval 1", "autosave_on_changes true", "max_queued_messages 100000", "max_inflight_messages 0",
        *(["user root"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n", "utf-8")
    details = {"tls": f"127.0.0.1:{tls}", "user": USER, "password": PASSWORD, "ca": files["ca.pem"]}
    return Plan((server, "-c", str(folder / "mosquitto.conf")), f"127.0.0.1:{plain}", details)


def ready(plan: Plan) -> bool:
    """Tell whether both listeners let the user in: CONNECT is answered by CONNACK with code 0 (MQTT 3.1.1)."""
    return _let_in(plan.address, None) and _let_in(plan.details["tls"], plan.details["ca"])


def _let_in(address: str, authority: str | None) -> bool:
    host, port = address.rsplit(":", 1)
    name, user, password = (len(text).to_bytes(2) + text.encode() for text in ("ready", USER, PASSWORD))
    body = b"\x00\x04MQTT\x04\xc2\x00\x0a" + name + user + password
    try:
        with socket.create_connection((host, int(port)), timeout=2) as plain:
            link = (
                ssl.create_default_context(cafile=authority).wrap_socket(plain, server_hostname=host)
                if authority
                else plain
            )
            with link:
                link.sendall(bytes([0x10, len(body)]) + body)
                return link.recv(4) == b"\x20\x02\x00\x00"
    except OSError:
        return False


SERVICE = Service("mosquitto", "RUNNEL_TEST_MOSQUITTO", HOW, install, prepare, ready)
