"""Redaction takes secrets out and leaves the rest."""

from __future__ import annotations

import pytest

from runnel.telemetry.redaction import SHOWN, redacted, redacted_text


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "db_password", "passwd", "passphrase", "secret", "client_secret", "token", "refresh_token",
     "api_key", "apiKey", "private_key", "access_key", "authorization", "cookie", "csrf", "credentials", "token_hash"],
)  # fmt: skip
def test_a_value_with_the_name_of_a_secret_is_replaced_at_any_depth(name: str) -> None:
    assert redacted({"a": [{"b": {name: "swordfish"}}]}) == {"a": [{"b": {name: SHOWN}}]}


@pytest.mark.parametrize("value", [None, "", False])
def test_nothing_stays_nothing(value: object) -> None:
    assert redacted({"password": value}) == {"password": value}


def test_other_names_stay() -> None:
    kept = {"token_id": "1", "tokens": 3, "name": "passenger", "keys": ["a"], "columns": {"key": "INTEGER"}}
    assert redacted(kept) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("opening postgresql://ada:swordfish@db/x", "opening postgresql://ada:"),
        ("GET /?token=swordfish&a=1", "&a=1"),
        ("Authorization: Bearer swordfishswordfish", "Bearer"),
        ("got rnl_swordfishswordfishswordfish", "got"),
        ("/share/swordfishswordfishswordfish/data", "/data"),
    ],
)
def test_secrets_inside_a_text_are_replaced(text: str, kept: str) -> None:
    made = redacted_text(text)
    assert "swordfish" not in made and kept in made


@pytest.mark.parametrize(
    "text", ["/usr/share/data/orders.csv", "http://127.0.0.1:8377/pipelines", "a: b@c", "mean 3:4@5"]
)
def test_other_texts_stay(text: str) -> None:
    assert redacted_text(text) == text
