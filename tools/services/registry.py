"""A schema registry for tests: Confluent's REST protocol over memory, for no other use (nothing survives a stop).

Subjects, versions, ids, look-up, deletion, compatibility levels (Avro's rules of resolution in full; for JSON Schema
the types and the required members of objects only), and a password if asked for.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tools.services.instances import REPOSITORY, Plan, Service, free_ports
from tools.services.registry_rules import Refused, Registry

HOW = "set RUNNEL_TEST_REGISTRY=http://host:port to use a schema registry of yours"
_CONTENT = "application/vnd.schemaregistry.v1+json"


class _Handler(BaseHTTPRequestHandler):
    """Routes requests to the registry in memory."""

    registry: Registry
    lock: threading.Lock
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/") if part]
        try:
            with self.lock:
                status, answer = 200, route(self.registry, self.command, path, json.loads(body) if body else {})
        except Refused as refused:
            status, answer = refused.status, {"error_code": refused.code, "message": str(refused)}
        except json.JSONDecodeError:
            status, answer = 400, {"error_code": 400, "message": "the body is not JSON"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", _CONTENT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 (the names that http.server calls)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


def route(registry: Registry, verb: str, path: list[str], body: dict[str, Any]) -> Any:
    """Answer one request; raises Refused."""
    match verb, path:
        case "GET", []:
            return {}
        case "GET", ["schemas", "types"]:
            return ["JSON", "AVRO"]
        case "GET", ["schemas", "ids", number]:
            return registry.by_id(number)
        case "GET", ["schemas", "ids", number, "versions"]:
            return registry.versions_of(number)
        case (("GET" | "PUT"), ["config", *subject]):
            return registry.config(subject[0] if subject else "", body.get("compatibility") if verb == "PUT" else None)
        case "GET", ["subjects"]:
            return sorted(name for name, versions in registry.subjects.items() if versions)
        case "POST", ["compatibility", "subjects", subject, "versions", version]:
            return {"is_compatible": registry.fits(subject, body, version)}
    return _subject(registry, verb, path, body)


def _subject(registry: Registry, verb: str, path: list[str], body: dict[str, Any]) -> Any:
    match verb, path:
        case "POST", ["subjects", subject]:
            return registry.look_up(subject, body)
        case "DELETE", ["subjects", subject]:
            return registry.delete(subject)
        case "GET", ["subjects", subject, "versions"]:
            return [one.version for one in registry.versions(subject)]
        case "POST", ["subjects", subject, "versions"]:
            return {"id": registry.register(subject, body)}
        case "GET", ["subjects", subject, "versions", version]:
            return registry.version(subject, version).to_json()
        case "GET", ["subjects", subject, "versions", version, "schema"]:
            return json.loads(registry.version(subject, version).schema)
        case "DELETE", ["subjects", subject, "versions", version]:
            return registry.delete(subject, version)
    raise Refused(404, 404, "HTTP 404 Not Found")


def serve(port: int) -> None:
    """Answer until the process ends."""
    handler = type("Handler", (_Handler,), {"registry": Registry(), "lock": threading.Lock()})
    ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


def prepare(folder: Path) -> Plan:
    """Choose a port; there is nothing to write."""
    (port,) = free_ports(1)
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from tools.services import registry; registry.serve({port})"
    return Plan((sys.executable, "-c", code), f"http://127.0.0.1:{port}")


def ready(plan: Plan) -> bool:
    """Tell whether it lists its subjects."""
    link = http.client.HTTPConnection(urlsplit(plan.address).netloc, timeout=1)
    try:
        link.request("GET", "/subjects")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()


def install() -> None:
    """Do nothing: it is this module."""


SERVICE = Service("registry", "RUNNEL_TEST_REGISTRY", HOW, install, prepare, ready)
