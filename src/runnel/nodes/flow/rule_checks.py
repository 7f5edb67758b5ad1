"""Validations of rules as conditions with what is said of a record that does not pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runnel.nodes.flow.rule_operations import unknown
from runnel.nodes.flow.rule_text import Parameters, RuleError, literal, text

Build = Callable[[str, Parameters], str]


def _of(template: str) -> Build:
    return lambda field, parameters: template.replace("FIELD", field)


def _limits(value: str, parameters: Parameters, what: str) -> str:
    low, high = parameters.get("min", "minimum"), parameters.get("max", "maximum")
    parts = [f"{value} >= {literal(low)}"] if low is not None else []
    parts += [f"{value} <= {literal(high)}"] if high is not None else []
    if not parts:
        raise RuleError(f"the validation `{what}` has neither `min` nor `max`", "Write `parameters: {min: 0}`.")
    return " AND ".join(parts)


def _range(field: str, parameters: Parameters) -> str:
    return _limits(field, parameters, "range")


def _length(field: str, parameters: Parameters) -> str:
    return _limits(f"length({field})", parameters, "length")


def _regex(field: str, parameters: Parameters) -> str:
    return f"regex_matches({field}, {text(str(parameters.need('regex', 'pattern')))})"


def _allowed(field: str, parameters: Parameters) -> str:
    values = parameters.need("values", "allowed_values", "allowed")
    if not isinstance(values, list) or not values:
        raise RuleError(f"the allowed values are {values!r}, not a list")
    return f"{field} IN ({', '.join(literal(value) for value in values)})"


def _date(field: str, parameters: Parameters) -> str:
    given = parameters.get("format")
    return f"try_to_date({field}) IS NOT NULL" if given is None else f"is_date({field}, {text(str(given))})"


CHECKS: dict[str, tuple[Build, str]] = {
    "required": (_of("FIELD IS NOT NULL"), "is missing"),
    "not_empty": (_of("NOT is_blank(to_text(FIELD))"), "is empty"),
    "email_format": (_of("is_email(FIELD)"), "is no e-mail address"),
    "phone_format": (_of("is_phone(FIELD)"), "is no phone number"),
    "url_format": (_of("is_url(FIELD)"), "is no web address"),
    "ip_format": (_of("is_ip(FIELD)"), "is no IP address"),
    "uuid_format": (_of("is_uuid(FIELD)"), "is no UUID"),
    "iban_format": (_of("is_iban(FIELD)"), "is no IBAN"),
    "credit_card": (_of("is_credit_card(FIELD)"), "is no credit card number"),
    "json_format": (_of("is_json(FIELD)"), "is no JSON"),
    "date_format": (_date, "is no date"),
    "numeric": (_of("is_numeric(to_text(FIELD))"), "is no number"),
    "integer": (_of("is_integer(to_text(FIELD))"), "is no whole number"),
    "positive": (_of("FIELD > 0"), "is not positive"),
    "range": (_range, "is out of range"),
    "length": (_length, "has the wrong length"),
    "regex": (_regex, "does not match the pattern"),
    "allowed_values": (_allowed, "is none of the allowed values"),
}
_ALIASES = {
    "email": "email_format", "phone": "phone_format", "url": "url_format", "ip": "ip_format", "uuid": "uuid_format",
    "iban": "iban_format", "date": "date_format", "json": "json_format", "not_null": "required", "pattern": "regex",
    "in": "allowed_values", "enum": "allowed_values", "in_set": "allowed_values", "number": "numeric",
    "phone_number": "phone_format", "min_max": "range", "between": "range", "non_empty": "not_empty",
}  # fmt: skip


def validation_rule(field: str, path: str, wanted: str, given: dict[str, Any], message: str | None) -> dict[str, Any]:
    """Return one rule of `table.validate`; NULL breaks it unless the parameter `allow_null` is true."""
    name = _ALIASES.get(wanted.strip().lower(), wanted.strip().lower())
    if name not in CHECKS:
        raise unknown("validation", wanted, CHECKS)
    build, said = CHECKS[name]
    parameters = Parameters(given, f"the validation `{name}`")
    passes = bool(parameters.get("allow_null", default=False))
    check = build(field, parameters)
    parameters.finish()
    return {"name": f"{path}_{name}", "check": check, "message": message or f"{path} {said}",
            "on_null": "pass" if passes else "fail"}  # fmt: skip
