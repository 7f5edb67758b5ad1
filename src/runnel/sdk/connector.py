"""Connector: the code that knows one kind of system; the class is the form of its connections and the test of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from runnel.errors import ConnectorError, RunnelError
from runnel.model.findings import Finding, Where
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.fields import SecretMark, marks_of

STEPS = ("resolve", "connect", "authenticate", "read")
StepName = Literal["resolve", "connect", "authenticate", "read"]
STEP_SECONDS = 4.5
"""How long one step may take; the first that does not work ends the test, so that its answer is there within 5 seconds."""


class ConnectorOptions(BaseModel):
    """The base of a connector's options: unknown ones are refused, and secrets are shown by nothing that prints them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_max_length=65_536)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        secret = secret_fields(type(self))
        return [(name, "•••" if name in secret and value else value) for name, value in super().__repr_args__()]


def secret_fields(options: type[BaseModel]) -> frozenset[str]:
    """Return the names of the options that are kept encrypted."""
    return frozenset(marks_of(options, SecretMark))


@dataclass(frozen=True)
class Step:
    """One step of a test: what was found or what went wrong, and then what to do about it."""

    name: StepName
    ok: bool
    what: str
    hint: str = ""
    code: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the form that answers carry."""
        return asdict(self)


class Trial:
    """One try of a connection: each method does one step and returns what it found in a few words, or raises a RunnelError."""

    def resolve(self) -> str:
        """Resolve and check every host."""
        raise NotImplementedError

    def connect(self) -> str:
        """Open a connection to the checked address, with TLS where it is asked for."""
        raise NotImplementedError

    def authenticate(self) -> str:
        """Prove who we are."""
        raise NotImplementedError

    def read(self) -> str:
        """Read something small that shows that the connection is of use."""
        raise NotImplementedError

    def close(self) -> None:
        """Give everything back; called once, also after a failed step."""


class Connector:
    """The base of every connector. Authors set the class attributes, `Options`, `place` and `trial`.

    `name` is the kind of its connections, `extra` the extra of the package that brings its driver and `driver` the module
    that is imported (None: none needed).
    Options are typed fields; a driver's settings are built from them alone and nothing is passed through. `leads` are the
    options that say where secrets are sent: whoever changes one of them gives the secrets anew, so that nobody sends those
    of others to a place of his own.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str] = "plug"
    extra: ClassVar[str | None] = None
    driver: ClassVar[str | None] = None
    since: ClassVar[str] = "0.2"
    leads: ClassVar[tuple[str, ...]] = ()

    class Options(ConnectorOptions):
        """A connector without options."""

    @classmethod
    def place(cls, options: Any) -> str:
        """Say in a few words where a connection leads, without secrets."""
        raise NotImplementedError

    @classmethod
    def trial(cls, options: Any, policy: EgressPolicy, folder: str) -> Trial:
        """Begin a try; `folder` is a private folder for what a driver reads from files only."""
        raise NotImplementedError

    @classmethod
    def test(
        cls, options: Any, policy: EgressPolicy, folder: str, *, step_seconds: float = STEP_SECONDS
    ) -> Iterator[Step]:
        """Try a connection step by step; the first step that does not work is the last."""
        trial = cls.trial(options, policy, folder)
        hidden = _hidden(options)
        try:
            for name in STEPS:
                step = _taken(name, getattr(trial, name), step_seconds, hidden)
                yield step
                if not step.ok:
                    return
        finally:
            trial.close()


def _taken(name: StepName, act: Callable[[], str], seconds: float, hidden: tuple[str, ...]) -> Step:
    """Take one step in a thread of its own: a driver may wait longer than anybody does."""
    begun = time.monotonic()
    found: list[str] = []
    problems: list[Exception] = []

    def take() -> None:
        try:
            found.append(act())
        except Exception as error:  # noqa: BLE001 - told below
            problems.append(error)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(seconds)
    took = time.monotonic() - begun
    if found:
        return Step(name, True, _without(found[0], hidden), seconds=took)
    if not problems:
        what = f"there was no answer within {seconds:g} s"
        return Step(name, False, what, "Check the host and port, and the firewall between.", "RNL-CONN-010", took)
    error = problems[0]
    if not isinstance(error, RunnelError):
        what = f"{type(error).__name__}: {error}"
        hint = "This is a fault of the connector; please report it."
        return Step(name, False, _without(what, hidden)[:300], hint, "RNL-CONN-012", took)
    return Step(name, False, _without(error.what, hidden), _without(error.hint, hidden), error.code, took)


def _hidden(options: BaseModel) -> tuple[str, ...]:
    """Return the secrets of a connection, longest first: a driver's words may repeat them."""
    values = [getattr(options, name) for name in secret_fields(type(options))]
    return tuple(
        sorted({value for value in values if isinstance(value, str) and len(value) >= 4}, key=len, reverse=True)
    )


def _without(text: str, hidden: tuple[str, ...]) -> str:
    for secret in hidden:
        text = text.replace(secret, "•••")
    return text


def missing_driver(connector: type[Connector], module: str) -> ConnectorError:
    """Return the error for a driver that is not installed."""
    what = f"{connector.title} needs the package {module}, which is not installed"
    return ConnectorError("RNL-CONN-011", what, f'Install it: pip install "runnel[{connector.extra}]"')


def option_findings(connector: type[Connector], values: Mapping[str, Any]) -> tuple[Any | None, tuple[Finding, ...]]:
    """Return the options, or None and a finding per option that does not fit; values of secrets are never repeated."""
    import difflib

    try:
        return connector.Options.model_validate(dict(values)), ()
    except ValidationError as error:
        found: list[Finding] = []
        known = list(connector.Options.model_fields)
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            field = ".".join(str(part) for part in problem["loc"]) or None
            where = Where(field=field)
            if problem["type"] == "extra_forbidden":
                name = str(problem["loc"][0])
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
                hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Options: {', '.join(known)}."
                what = f"{connector.title} has no option `{name[:100]}`; none is passed on to the driver"
                found.append(Finding("RNL-CONN-003", "error", what, hint, where))
            elif problem["type"] == "missing":
                what = f"{connector.title} needs `{field}`, which is missing"
                found.append(Finding("RNL-CONN-004", "error", what, _help(connector, field), where))
            else:
                words = problem["msg"].removeprefix("Value error, ")
                what = f"`{field}`: {words[:1].lower()}{words[1:]}" if field else words
                found.append(Finding("RNL-CONN-004", "error", what, _help(connector, field), where))
        return None, tuple(found)


def _help(connector: type[Connector], field: str | None) -> str:
    info = connector.Options.model_fields.get((field or "").split(".")[0])
    return (info.description or "") if info else ""
