"""The socket that a server listens on: the wanted port, or the next free one where none was asked for."""

from __future__ import annotations

import errno
import socket

from runnel.errors import ConnectorError

TRIES = 50


def listen(host: str, port: int, *, search: bool) -> socket.socket:
    """Return a bound socket; raises ConnectorError when the port is taken (or all that were tried)."""
    for candidate in range(port, port + (TRIES if search and port else 1)):
        try:
            return _bind(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate > 65534:
                what = f"listening at {host} port {candidate}: {error.strerror or error}"
                raise ConnectorError(
                    "RNL-SERVER-002", what, "Give an address of this machine and a free port."
                ) from error
    what = f"listening at {host}: port {port} is taken" + (" and so are those after it" if search else "")
    raise ConnectorError("RNL-SERVER-002", what, "Give another one with --port, or end what listens there.")


def url_of(host: str, port: int) -> str:
    """Return the address for a browser on this machine; a server on every address is reached at this machine's name."""
    shown = socket.gethostname() if host in ("0.0.0.0", "::", "") else host.strip("[]")
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(2048)
    except OSError:
        made.close()
        raise
    return made
