"""Addresses: what is this machine, and what only looks like it."""

from __future__ import annotations

import pytest

from runnel.server.addresses import is_loopback, is_loopback_host
from runnel.server.answers import cursor_of, read_cursor
from runnel.server.boot import is_loopback_bind
from runnel.server.problems import HttpError


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1", "::1%lo"])
def test_loopback_addresses(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["", "0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "localhost", "0177.0.0.1", "127.1", "2130706433"]
)
def test_addresses_that_are_none_of_this_machine_alone(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8377", "127.0.0.1:8377", "[::1]:8377", "[::1]", "127.3.2.1"])
def test_hosts_of_this_machine(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.", "localhost.evil.example", "evil.localhost", "127.0.0.1.nip.io", "0.0.0.0", "a@127.0.0.1"]
)
def test_hosts_of_others(host: str) -> None:
    assert not is_loopback_host(host)


def test_a_server_on_every_address_is_not_for_this_machine_alone() -> None:
    assert is_loopback_bind("127.0.0.1") and is_loopback_bind("localhost") and is_loopback_bind("[::1]")
    assert not any(is_loopback_bind(host) for host in ("0.0.0.0", "::", "192.168.1.5", "runnel.example.org"))


def test_a_cursor_reads_what_it_says() -> None:
    assert read_cursor(cursor_of(at=30)) == {"at": 30}


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", cursor_of(at=-1), cursor_of(at="3"), cursor_of(at=2**63), "bnVsbA", "W10", "a" * 9]
)
def test_a_cursor_of_other_make_is_refused(cursor: str) -> None:
    with pytest.raises(HttpError) as caught:
        read_cursor(cursor)
    assert caught.value.http_status == 422
