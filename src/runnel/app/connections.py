"""Connections: listed, made, changed, removed; their secrets go in and come out for workers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.errors import AuthoringError
from runnel.model.checking import is_slug, slug_of
from runnel.model.findings import Finding, Where
from runnel.sdk.connector import Connector, option_findings, secret_fields
from runnel.sdk.egress import EgressPolicy

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.connections import StoredConnection

MOST_NAME = 64


class InvalidConnectionError(AuthoringError):
    """Options that do not fit; every problem is in `findings`."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(first.code, first.what, first.hint, first.where.to_json())
        self.findings = findings


def policy_of(project: Project) -> EgressPolicy:
    """Return where connections of this project may go: on a server to public addresses and to those of `egress_allow`."""
    return EgressPolicy(project.confined, tuple(map(str, project.setting("egress_allow"))))


def connector_of(project: Project, type: str) -> type[Connector]:
    """Return the connector of a kind; raises AuthoringError, with the kinds that there are, for another."""
    found = project.catalog.connectors.get(type)
    if found is None:
        import difflib

        kinds = list(project.catalog.connectors)
        close = difflib.get_close_matches(type, kinds, n=1)
        hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Kinds: {', '.join(kinds)}."
        raise AuthoringError("RNL-CONN-009", f"there is no kind of connection `{type[:100]}`", hint, {"field": "type"})
    return found


def described(project: Project, stored: StoredConnection) -> dict[str, Any]:
    """Return a connection as people see it: with where it leads, without secrets."""
    connector = project.catalog.connectors.get(stored.type)
    made = stored.to_json()
    if connector is None:
        return {**made, "title": stored.type, "icon": "plug", "place": "", "installed": False}
    known = {name: value for name, value in stored.config.items() if name in connector.Options.model_fields}
    place = connector.place(connector.Options.model_construct(**known))
    return {**made, "title": connector.title, "icon": connector.icon, "place": place, "installed": True}


def listed(project: Project) -> list[dict[str, Any]]:
    """Return every connection with who uses it."""
    from runnel.app.connection_uses import uses_of_connections

    uses = uses_of_connections(project)
    found = project.store.connections.list()
    return [{**described(project, item), "used_by": uses.get(item.name, [])} for item in found]


def shown(project: Project, name: str) -> dict[str, Any]:
    """Return one connection with who uses it."""
    from runnel.app.connection_uses import uses_of_connections

    stored = project.store.connections.get(name)
    return {**described(project, stored), "used_by": uses_of_connections(project).get(name, [])}


def create(project: Project, name: str, type: str, values: Mapping[str, Any], actor: str | None) -> dict[str, Any]:
    """Make a connection; raises InvalidConnectionError for options that do not fit, AuthoringError for a taken name."""
    check_name(name)
    connector = connector_of(project, type)
    config, secrets = split(connector, checked(connector, values))
    project.store.connections.add(name, type, config, secrets, moment=project.clock(), actor=actor)
    return shown(project, name)


def update(
    project: Project, name: str, values: Mapping[str, Any], new_name: str | None = None, revision: int | None = None
) -> dict[str, Any]:
    """Change options (None takes one away, a secret that is not given is kept) and the name.

    Raises AuthoringError when it was changed since `revision`, or renamed while it is in use.
    """
    stored = project.store.connections.get(name)
    if revision is not None and stored.revision != revision:
        what = f"somebody else changed the connection `{name}` in between"
        raise AuthoringError("RNL-CONN-006", what, "Read it again and repeat your change.")
    connector = connector_of(project, stored.type)
    config, secrets = split(connector, checked(connector, merged(project, stored, connector, values)))
    renamed = new_name is not None and new_name != name
    if renamed:
        check_name(new_name or "")
        refuse_used(project, name, "renamed")
    store = project.store.connections
    store.change(stored, new_name if renamed and new_name else name, config, secrets, project.clock())
    return shown(project, new_name if renamed and new_name else name)


def delete(project: Project, name: str) -> dict[str, Any]:
    """Remove a connection; raises AuthoringError, with who uses it, when somebody does."""
    before = shown(project, name)
    refuse_used(project, name, "deleted")
    project.store.connections.delete(name)
    return before


def resolve(project: Project, name: str, kind: str, kinds: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the options of a connection with its secrets, for a worker; raises AuthoringError for another kind.

    What this returns goes into a worker's payload and nowhere else: no log, no answer, no cache key.
    """
    stored = project.store.connections.get(name)
    if stored.type != kind and stored.type not in kinds:
        what = f"the connection `{name}` is one to {stored.type}, and {' or '.join((kind, *kinds))} is needed"
        raise AuthoringError("RNL-CONN-001", what, "Choose another connection.")
    whole = {**stored.config, **project.store.connections.reveal(name)}
    return checked(connector_of(project, stored.type), whole).model_dump(mode="json")


def checked(connector: type[Connector], values: Mapping[str, Any]) -> Any:
    """Return options that fit; raises InvalidConnectionError, which repeats no secret."""
    options, findings = option_findings(connector, values)
    if options is None:
        raise InvalidConnectionError(findings)
    return options


def split(connector: type[Connector], options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is kept as it is and what is sealed; options that have their default are left out."""
    secret = secret_fields(connector.Options)
    values: dict[str, Any] = options.model_dump(mode="json", exclude_defaults=True)
    config = {name: value for name, value in values.items() if name not in secret}
    return config, {name: value for name, value in values.items() if name in secret}


def merged(
    project: Project, stored: StoredConnection, connector: type[Connector], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Put changes over what is stored; kept secrets stay with the place that they were given for.

    Raises InvalidConnectionError when the place changes and a secret is not given anew.
    """
    secret = secret_fields(connector.Options)
    config = {**stored.config, **{name: value for name, value in values.items() if name not in secret}}
    config = {name: value for name, value in config.items() if value is not None}
    kept = set(stored.secret_fields) - set(values)
    defaults = {name: info.default for name, info in connector.Options.model_fields.items()}
    moved = [
        name for name in connector.leads
        if config.get(name, defaults.get(name)) != stored.config.get(name, defaults.get(name))
    ]  # fmt: skip
    if kept and moved:
        what = f"`{moved[0]}` changes where the secret goes to, so that it is needed anew"
        hint = "A secret that somebody else gave is not sent to another place."
        raise InvalidConnectionError(
            tuple(Finding("RNL-CONN-007", "error", what, hint, Where(field=name)) for name in sorted(kept))
        )
    revealed = project.store.connections.reveal(stored.name) if kept else {}
    given = {name: value for name, value in values.items() if name in secret and value not in (None, "")}
    return {**config, **{name: revealed[name] for name in kept if name in revealed}, **given}


def refuse_used(project: Project, name: str, verb: str) -> None:
    """Raise AuthoringError when a pipeline or an open draft names the connection."""
    from runnel.app.connection_uses import uses_of_connections

    used = uses_of_connections(project).get(name, [])
    if used:
        places = ", ".join(dict.fromkeys(f"{use['pipeline']} ({use['node']})" for use in used[:5]))
        more = f" and {len(used) - 5} more" if len(used) > 5 else ""
        what = f"the connection `{name}` is not {verb}: {places}{more} use{'s' if len(used) == 1 else ''} it"
        raise AuthoringError("RNL-CONN-008", what, "Choose another connection there first.")


def check_name(name: str) -> None:
    """Raise AuthoringError for a text that is no name of a connection."""
    if not is_slug(name) or len(name) > MOST_NAME:
        hint = (
            f"Try `{slug_of(name.lower())[:MOST_NAME] or 'warehouse'}`: letters, digits, _ and -, at most {MOST_NAME}."
        )
        raise AuthoringError("RNL-CONN-004", f"`{name[:100]}` is no name of a connection", hint, {"field": "name"})
