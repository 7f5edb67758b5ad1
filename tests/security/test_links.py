"""The built-in person: let in by the printed link alone, from this machine alone, until there is a first user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serving import ORIGIN, PASSWORD, Served, served

SESSION = "/api/v1/auth/session"


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        yield made


def cookie_of(answer) -> str:
    return (answer.header("set-cookie") or "").split(";")[0]


def test_the_printed_link_gives_a_session_and_takes_itself_out_of_the_address(server: Served) -> None:
    token = server.state.access.links.new_link()
    answer = server.call("GET", f"/pipelines/orders?node=paid&token={token}")
    assert answer.status == 303 and answer.header("location") == "/pipelines/orders?node=paid"
    flags = {part.strip().lower() for part in (answer.header("set-cookie") or "").split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    session = server.call("GET", SESSION, headers={"cookie": cookie_of(answer)}).json
    assert session["user"]["username"] == "local" and session["user"]["role"] == "admin" and session["mode"] == "local"


def test_a_link_is_good_again_while_the_server_runs_and_with_another_server_never(server: Served) -> None:
    token = server.state.access.links.new_link()
    assert cookie_of(server.call("GET", f"/?token={token}"))
    assert cookie_of(server.call("GET", f"/?token={token}"))
    with served() as other:
        assert not cookie_of(other.call("GET", f"/?token={token}"))


@pytest.mark.parametrize("peer", ["192.168.1.5", "10.0.0.1", "::2", "", "127.0.0.1.evil.example", "2130706433"])
def test_a_link_is_refused_from_another_machine(server: Served, peer: str) -> None:
    answer = server.call("GET", f"/?token={server.state.access.links.new_link()}", peer=peer or None)
    assert answer.status == 303 and not cookie_of(answer)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_a_link_is_good_from_every_address_of_this_machine(server: Served, peer: str) -> None:
    assert cookie_of(server.call("GET", f"/?token={server.state.access.links.new_link()}", peer=peer))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5:8377", ""]
)
def test_a_link_is_refused_under_another_name(server: Served, host: str) -> None:
    assert not cookie_of(server.call("GET", f"/?token={server.state.access.links.new_link()}", host=host))


@pytest.mark.parametrize(
    "header",
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via", "cf-connecting-ip",
     "true-client-ip", "x-forwarded-anything"],
)  # fmt: skip
def test_a_link_and_its_session_are_refused_through_a_proxy(server: Served, header: str) -> None:
    token = server.state.access.links.new_link()
    assert not cookie_of(server.call("GET", f"/?token={token}", headers={header: "127.0.0.1"}))
    assert server.call("GET", SESSION, headers={**server.local(), header: "127.0.0.1"}).status == 401


def test_the_session_of_a_link_counts_from_this_machine_alone(server: Served) -> None:
    local = server.local()
    assert server.call("GET", SESSION, headers=local).status == 200
    assert server.call("GET", SESSION, headers=local, peer="192.168.1.5").status == 401
    assert server.call("GET", SESSION, headers=local, host="evil.example").status == 401


def test_nobody_is_the_local_person_by_address_alone(server: Served) -> None:
    answer = server.call("GET", SESSION)
    assert answer.status == 401 and answer.json["mode"] == "local" and "runnel link" in answer.json["hint"]
    assert server.call("POST", "/api/v1/users", json={"username": "eve", "password": PASSWORD}).status == 401


@pytest.mark.parametrize("token", ["", "l..", "l.x.y", "s.1.x.y", "%00", "l." + "A" * 22 + "." + "A" * 32, "é"])
def test_an_invented_token_gives_nothing(server: Served, token: str) -> None:
    answer = server.call("GET", f"/?token={token}".encode().decode("latin-1"))
    assert not cookie_of(answer)


def test_a_token_of_setup_is_no_link_and_a_link_is_no_token_of_setup(server: Served) -> None:
    links = server.state.access.links
    assert not links.is_link(links.new_setup()) and not links.is_setup(links.new_link())


@pytest.mark.row("M-003-132", met_by="app/access/users.py")
def test_the_first_user_is_the_local_person_and_from_then_on_everybody_logs_in(server: Served) -> None:
    local, link = server.local(), server.state.access.links.new_link()
    mine = server.call("POST", "/api/v1/tokens", headers=local, json={"name": "mine"}).json
    made = server.call(
        "POST", "/api/v1/users", headers=local, json={"username": "Ada", "password": PASSWORD, "role": "viewer"}
    )
    assert made.status == 201 and made.json["role"] == "admin" and made.json["username"] == "ada"
    assert made.json["id"] == mine["user_id"]
    assert server.call("GET", SESSION, headers=local).status == 401
    assert not cookie_of(server.call("GET", f"/?token={link}"))
    assert not cookie_of(server.call("GET", f"/?token={server.state.access.links.new_link()}"))
    login = {"username": "ada", "password": PASSWORD}
    answer = server.call("POST", "/api/v1/auth/login", json=login, headers={"origin": ORIGIN})
    assert answer.status == 200 and answer.json["mode"] == "users"
    assert (
        server.call("GET", SESSION, headers={"authorization": f"Bearer {mine['token']}"}).json["user"]["username"]
        == "ada"
    )


def test_a_user_made_at_the_console_ends_the_session_of_the_link_in_a_running_server(server: Served) -> None:
    local = server.local()
    assert server.call("GET", SESSION, headers=local).status == 200
    from runnel.app.access.keys import AccessKeys
    from runnel.app.access.passwords import Passwords
    from runnel.app.access.services import Access

    console = Access(server.state.store, AccessKeys(bytes(range(32))), server.clock, passwords=Passwords(1, 64))
    console.users.create("ada", PASSWORD, "admin")
    server.clock.ahead(seconds=3)
    assert server.call("GET", SESSION, headers=local).status == 401
    assert not cookie_of(server.call("GET", f"/?token={server.state.access.links.new_link()}"))


SETUP = "/api/v1/auth/setup"


def setup(server: Served, token: str, name: str = "ada", **more):
    body = {"token": token, "username": name, "password": PASSWORD}
    return server.call("POST", SETUP, json=body, peer="192.168.1.5", host="runnel.lan:8377", **more)


def test_the_setup_link_makes_one_admin_once(server: Served) -> None:
    token, second = server.state.access.links.new_setup(), server.state.access.links.new_setup()
    made = setup(server, token, headers={"origin": "http://runnel.lan:8377"})
    assert made.status == 201 and made.json["user"]["role"] == "admin"
    session = server.call(
        "GET", SESSION, headers={"cookie": cookie_of(made)}, peer="192.168.1.5", host="runnel.lan:8377"
    )
    assert session.status == 200
    assert setup(server, token, "eve").status == 403
    assert setup(server, second, "eve").status == 403
    assert [user.username for user in server.state.access.users.store.list()] == ["ada"]


def test_the_setup_link_ends_after_fifteen_minutes_and_the_console_prints_another(server: Served) -> None:
    token = server.state.access.links.new_setup()
    server.clock.ahead(minutes=15, seconds=1)
    assert setup(server, token).status == 403
    assert setup(server, server.state.access.links.new_setup()).status == 201


@pytest.mark.parametrize("token", [None, "", [], {}, 0, True, "s", "s.99999999999.x.y"])
def test_no_value_in_place_of_the_setup_token_is_good(server: Served, token: object) -> None:
    server.state.access.links.new_setup()
    assert setup(server, token).status in (403, 422)  # type: ignore[arg-type]
    assert server.state.access.users.mode == "local"


def test_a_setup_with_a_weak_password_leaves_the_link_good(server: Served) -> None:
    token = server.state.access.links.new_setup()
    body = {"token": token, "username": "ada", "password": "short"}
    assert server.call("POST", SETUP, json=body).status == 422
    assert setup(server, token).status == 201


def test_of_two_setups_at_once_one_makes_the_user(server: Served) -> None:
    import threading

    from runnel.app.access.users import ConflictError

    made, refused = [], []
    start = threading.Barrier(4)

    def attempt(number: int) -> None:
        start.wait()
        try:
            made.append(server.state.access.users.create(f"user{number}", PASSWORD, "admin", only_first=True))
        except ConflictError as error:
            refused.append(error)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (len(made), len(refused)) == (1, 3)
    assert len(server.state.access.users.store.list()) == 1


@pytest.mark.row("M-003-510", met_by="server/cookies.py")
def test_the_cookie_is_secure_where_people_come_by_https(server: Served) -> None:
    answer = server.call("GET", f"/?token={server.state.access.links.new_link()}", scheme="https")
    assert "secure" in (answer.header("set-cookie") or "").lower()
    assert answer.header("strict-transport-security")


def test_two_servers_on_one_host_do_not_share_a_cookie(server: Served) -> None:
    assert server.state.cookie == "runnel_session"
    server.state.port = 8378
    assert server.state.cookie == "runnel_session_8378"


@pytest.mark.parametrize("path", ["/%0d%0aX-Evil:%201", "/%0aSet-Cookie:%20a=b", "/a%E2%80%A8b", "/%1b[31m"])
def test_no_address_writes_a_header(server: Served, path: str) -> None:
    answer = server.call("GET", f"{path}?token={server.state.access.links.new_link()}")
    assert answer.status == 404 and answer.header("x-evil") is None and answer.header("set-cookie") is None


@pytest.mark.parametrize("target", ["/pipelines/%C3%A4pfel", "/a%20b", "/%3Cscript%3E"])
def test_an_address_stays_packed_as_it_came(server: Served, target: str) -> None:
    answer = server.call("GET", f"{target}?token={server.state.access.links.new_link()}&next=//evil.example")
    assert answer.status == 303 and answer.header("location") == f"{target}?next=%2F%2Fevil.example"


@pytest.mark.parametrize(
    "target",
    ["//evil.example/?token=", "/\\evil.example?token=", "/%2f%2fevil.example?token=", "///evil.example?token="],
)
def test_a_link_never_leads_to_another_site(server: Served, target: str) -> None:
    answer = server.call("GET", target + server.state.access.links.new_link())
    assert answer.status == 404 and answer.header("location") is None
