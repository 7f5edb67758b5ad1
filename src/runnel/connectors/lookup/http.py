"""Asks an HTTP API about keys: one request for each, several at once, the answer read as JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from runnel.connectors.http.connection import HttpOptions, driver_settings
from runnel.connectors.http.sending import address_of
from runnel.connectors.kafka.source import policy_of
from runnel.errors import ConnectorError
from runnel.sdk.asking import AskingContext, Key
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.http_session import HttpSession

UNKNOWN = frozenset({404, 410})
LATER = frozenset({408, 425, 429})
MOST_BYTES = 1024**2


class HttpAsker:
    """Implements `sdk.Asker` for an HTTP API; each of its threads keeps a connection."""

    def __init__(self, config: Any, options: Mapping[str, Any], context: AskingContext) -> None:
        self.config = config
        self.options = HttpOptions.model_validate(dict(options))
        self.policy = policy_of(context.egress) or EgressPolicy(confined=False)
        self.paths = [path.split(".") for path in config.columns.values()]
        self._own = threading.local()
        self._sessions: list[HttpSession] = []
        self._pool = ThreadPoolExecutor(config.requests_at_once, "lookup")

    def ask(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[str | None]]:
        """Ask for each key; raises ConnectorError for the first that is not answered."""
        answers = zip(keys, self._pool.map(self._one, keys), strict=True)
        return {key: found for key, found in answers if found is not None}

    def _one(self, key: Key) -> list[str | None] | None:
        """Return the values of one key, or None where the API does not know it."""
        path = self.config.target
        for name, value in zip(self.config.keys.values(), key, strict=True):
            path = path.replace("{" + name + "}", quote(value, safe=""))
        url = address_of(self.options.base_url, path)
        answer = self._session().ask("GET", url, {"Accept": "application/json", **driver_settings(self.options)})
        if answer.status in UNKNOWN:
            return None
        if answer.status in LATER or answer.status >= 500:
            what = f"{url} answers {answer.status}"
            raise ConnectorError("RNL-LOOKUP-001", what, "It is asked again until it answers.", retryable=True)
        if answer.status >= 300:
            what = f"{url} answers {answer.status}: the lookup is not let in, or is no GET there"
            raise ConnectorError("RNL-LOOKUP-002", what, "Check the connection's authentication and the path.")
        return [_at(self._parsed(url, answer.body), path) for path in self.paths]

    def _parsed(self, url: str, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            what = f"{url} answers what is no JSON: {body[:60]!r}"
            raise ConnectorError("RNL-LOOKUP-003", what, "A lookup reads JSON; check the path.") from error

    def _session(self) -> HttpSession:
        if not hasattr(self._own, "session"):
            self._own.session = HttpSession(
                self.policy, self.options.ca_certificate, self.config.timeout_seconds, MOST_BYTES
            )
            self._sessions.append(self._own.session)
        return self._own.session

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for session in self._sessions:
            session.close()


def _at(found: Any, path: Sequence[str]) -> str | None:
    """Return the value at a path of a JSON answer, as text; None where there is none."""
    for name in path:
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found.get(name)
        else:
            return None
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False)
