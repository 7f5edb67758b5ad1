"""Nothing but what the policy allows is ever connected to: spellings, carried addresses, names that change, redirects."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runnel.errors import AuthoringError, ConnectorError, LimitError, RunnelError
from runnel.sdk.egress import Checked, EgressPolicy, check_host, check_url, connect, refusal, resolve, split_place
from runnel.sdk.http_client import HttpClient

SERVER = EgressPolicy()
CONSOLE = EgressPolicy(confined=False)

ALWAYS_REFUSED = [
    "http://169.254.169.254/latest/meta-data/", "http://169.254.169.254:80/", "http://169.254.0.1/", "http://169.254.255.255/",
    "http://[fd00:ec2::254]/latest/", "http://[fd20:ce::254]/", "http://100.100.100.200/latest/", "http://168.63.129.16/",
    "http://192.0.0.192/opc/v1/", "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/", "http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::]/", "http://[2002:a9fe:a9fe::1]/", "http://[::a9fe:a9fe]/",
    "http://[fe80::1]/", "http://[fe80::a9fe:a9fe]/", "http://[febf::1]/", "http://0.0.0.0/", "http://0.0.0.0:8377/",
    "http://0.1.2.3/", "http://[::]/", "http://[::]:80/", "http://[::ffff:0.0.0.0]/", "http://[::ffff:0:0]/",
    "http://224.0.0.1/", "http://239.255.255.250:1900/", "http://[ff02::1]/", "http://[ff0e::1]/", "http://240.0.0.1/",
    "http://255.255.255.255/", "http://[::ffff:224.0.0.1]/",
]  # fmt: skip
REFUSED_ON_A_SERVER = [
    "http://127.0.0.1/", "http://127.0.0.1:8377/api/v1/secrets", "http://127.1.2.3/", "http://127.255.255.254/",
    "http://[::1]/", "http://[::1]:6379/", "http://[0:0:0:0:0:0:0:1]/", "http://localhost/", "http://LOCALHOST/",
    "http://localhost./", "http://127.0.0.1./", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://10.0.0.1/",
    "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.254/", "http://192.168.0.1/", "http://192.168.1.1:8080/",
    "http://100.64.0.1/", "http://100.127.255.255/", "http://198.18.0.1/", "http://192.0.2.1/", "http://203.0.113.7/",
    "http://[fc00::1]/", "http://[fd12:3456:789a::1]/", "http://[fec0::1]/", "http://[2001:db8::1]/",
    "http://[::ffff:10.0.0.1]/", "http://[::ffff:192.168.1.1]/", "http://[64:ff9b::10.0.0.1]/", "http://[2002:c0a8:101::1]/",
    "http://[2001:db8:0:0:0:5efe:10.0.0.1]/",
]  # fmt: skip
NO_ADDRESS = [
    "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7f.1/",
    "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.01/", "http://127.0.0.0x1/",
    "http://256.256.256.256/", "http://1.2.3.4.5/", "http://127.0.0.1%00.example.com/", "http://example.com@127.0.0.1/",
    "http://user:password@example.com/", "http://@127.0.0.1/", "http://example.com%40127.0.0.1/", "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/", "http:/\\127.0.0.1/", "http:\\\\127.0.0.1\\", "http://example.com:80:80/",
    "http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:8o/", "http://example.com:/x",
    "http://[::1", "http://::1/", "http://[fe80::1%25eth0]/", "http://[::1]x/", "http://", "http:///path", "//127.0.0.1/", "127.0.0.1",
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://127.0.0.1/", "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/", "jar:http://127.0.0.1!/", "data:text/plain,x", "javascript:alert(1)", "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "netdoc:///etc/passwd", "http://exa mple.com/", "http://example.com/\r\nHost: x",
    "http://exam\tple.com/", " http://127.0.0.1/", "http://127.0.0.1/ ", "http://①②⑦.⓪.⓪.①/", "http://１２７.０.０.１/",
    "http://example。com/", "http://xn--/", "http://-a.example/", "http://a..b/", "http://a,b/", "http://ho'st/", "http://{x}/",
    "http://" + "a" * 300 + ".example/",
]  # fmt: skip


@pytest.mark.parametrize("url", ALWAYS_REFUSED)
def test_metadata_and_unroutable_addresses_are_refused_everywhere(url: str) -> None:
    target = check_url(url)
    for policy in (SERVER, CONSOLE, EgressPolicy(allow=("0.0.0.0/0", "::/0", target.host))):
        with pytest.raises(AuthoringError) as caught:
            resolve(target.host, target.port, policy)
        assert caught.value.code == "RNL-EGRESS-002"


@pytest.mark.parametrize("url", REFUSED_ON_A_SERVER)
def test_loopback_and_private_addresses_are_refused_on_a_server_alone(url: str) -> None:
    target = check_url(url)
    with pytest.raises(AuthoringError) as caught:
        resolve(target.host, target.port, SERVER)
    assert caught.value.code == "RNL-EGRESS-002" and "egress_allow" in caught.value.hint
    assert resolve(target.host, target.port, CONSOLE).port == target.port


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_programs_read_in_different_ways_is_no_address(url: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        target = check_url(url)
        resolve(target.host, target.port, CONSOLE, resolver=lambda host, port: ["127.0.0.1"])
    assert caught.value.code in ("RNL-EGRESS-001", "RNL-EGRESS-002")
    assert "password" not in caught.value.what


def test_there_are_more_than_eighty_of_them() -> None:
    assert len({*ALWAYS_REFUSED, *REFUSED_ON_A_SERVER, *NO_ADDRESS}) >= 120


@pytest.mark.parametrize("url", [
    "https://example.com/", "http://example.com:8080/a?b=c#d", "https://8.8.8.8/", "https://[2606:4700::1111]/", "HTTPS://EXAMPLE.com",
    "https://a_b.example.com/x@y", "https://xn--bcher-kva.example/", "http://[::ffff:8.8.8.8]/", "http://[64:ff9b::8.8.8.8]/",
])  # fmt: skip
def test_public_addresses_are_let_through(url: str) -> None:
    target = check_url(url)
    assert resolve(target.host, target.port, SERVER, resolver=lambda host, port: ["93.184.216.34"]).addresses


@pytest.mark.parametrize("host", ["/var/run/postgresql", "@abstract", "/tmp", "db,10.0.0.1", "a/b", "db?x", "db#x", "db%41", "", " "])
def test_sockets_of_this_machine_lists_and_options_are_no_hosts(host: str) -> None:
    with pytest.raises(AuthoringError):
        check_host(host)


@pytest.mark.parametrize("text", ["db", "db:", "db:x", "db:99999", "::1:80", "[::1]", "a:1,b:2", "@db:1", "db:1/x", "db:０"])
def test_a_place_is_one_host_and_one_port(text: str) -> None:
    with pytest.raises(AuthoringError):
        split_place(text)


def test_an_entry_of_the_setting_lets_through_what_it_names_and_no_more() -> None:
    policy = EgressPolicy(allow=("10.1.0.0/16", "192.168.7.7:5432", "db.internal", "api.internal:443", "[fd00::5]:80", "::1"))
    known = {"db.internal": "10.9.9.9", "api.internal": "10.9.9.9", "other.internal": "10.9.9.9"}

    def passes(host: str, port: int) -> bool:
        try:
            resolve(host, port, policy, resolver=lambda name, _: [known[name]])
        except AuthoringError:
            return False
        return True

    allowed = [("10.1.2.3", 1), ("::ffff:10.1.2.3", 1), ("192.168.7.7", 5432), ("db.internal", 9), ("DB.internal.", 9),
               ("api.internal", 443), ("fd00::5", 80), ("::1", 22)]  # fmt: skip
    refused = [("10.2.2.3", 1), ("192.168.7.7", 5433), ("api.internal", 80), ("other.internal", 9), ("fd00::5", 81),
               ("127.0.0.1", 22), ("10.9.9.9", 9)]  # fmt: skip
    assert [place for place in allowed if not passes(*place)] == []
    assert [place for place in refused if passes(*place)] == []


@pytest.mark.parametrize("entry", ["", "10.0.0.0/99", "a b", "http://x", "db:0", "*", "@x"])
def test_an_entry_that_is_none_is_named(entry: str) -> None:
    with pytest.raises(AuthoringError, match="egress_allow"):
        EgressPolicy(allow=(entry,))


def test_a_policy_travels_as_json() -> None:
    policy = EgressPolicy(True, ("10.0.0.0/8",))
    assert EgressPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


def test_one_refused_address_among_several_refuses_the_host() -> None:
    for answers in (["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["93.184.216.34", "fe80::1%eth0"]):
        with pytest.raises(AuthoringError, match="refused"):
            resolve("mixed.example", 80, SERVER, resolver=lambda host, port, found=answers: found)
    assert refusal("no address", "x", 1, CONSOLE) is not None


def test_a_resolver_that_hangs_or_knows_nothing_is_told_in_time() -> None:
    held = threading.Event()
    with pytest.raises(ConnectorError, match="took longer"):
        resolve("slow.example", 80, CONSOLE, resolver=lambda host, port: held.wait(60) and [], seconds=0.1)
    held.set()
    with pytest.raises(ConnectorError, match="no address"):
        resolve("none.example", 80, CONSOLE, resolver=lambda host, port: [])


class _Answering(BaseHTTPRequestHandler):
    """Notes who asked for what, and redirects where a path says so."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        place = self.server.places.get(self.path)  # type: ignore[attr-defined]
        self.send_response((307 if self.path.endswith("kept") else 302) if place else 200)
        if place:
            self.send_header("Location", place)
        body = b"x" * 5000 if self.path == "/large" else b"here"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def answering(address: str, port: int = 0) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer((address, port), _Answering)
    server.seen, server.places = [], {}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def pair() -> Iterator[tuple[ThreadingHTTPServer, ThreadingHTTPServer]]:
    """A server that the policy allows (127.0.0.2) and one that it does not (127.0.0.1), on one port."""
    with answering("127.0.0.2") as outside, answering("127.0.0.1", outside.server_port) as inside:
        yield outside, inside


ALLOWED = EgressPolicy(allow=("127.0.0.2",))


def test_a_name_that_changes_between_two_looks_never_leads_inside_in_five_hundred_tries(pair) -> None:
    outside, inside = pair
    asked: list[str] = []

    def flipping(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2" if len(asked) % 2 else "127.0.0.1"]

    client = HttpClient(ALLOWED, resolver=flipping)
    outcomes = {"answered": 0, "refused": 0}
    for _ in range(500):
        try:
            assert client.request("GET", f"http://flip.example:{outside.server_port}/").body == b"here"
            outcomes["answered"] += 1
        except AuthoringError as error:
            assert error.code == "RNL-EGRESS-002"
            outcomes["refused"] += 1
    assert outcomes == {"answered": 250, "refused": 250}
    assert len(asked) == 500, "each request looks once, and connects to what it saw"
    assert inside.seen == [] and len(outside.seen) == 250  # type: ignore[attr-defined]


def test_every_redirect_is_checked_again(pair) -> None:
    outside, inside = pair
    port = outside.server_port
    refused = [f"http://127.0.0.1:{port}/", f"//127.0.0.1:{port}/x", f"http://localhost:{port}/", "http://169.254.169.254/",
               "file:///etc/passwd", "gopher://127.0.0.1/", f"http://user@127.0.0.2:{port}/", "http://2130706433/"]  # fmt: skip
    client = HttpClient(ALLOWED)
    for number, place in enumerate(refused):
        outside.places[f"/{number}"] = place  # type: ignore[attr-defined]
        with pytest.raises(AuthoringError):
            client.request("GET", f"http://127.0.0.2:{port}/{number}")
    outside.places["/loop"] = "/loop"  # type: ignore[attr-defined]
    with pytest.raises(ConnectorError, match="more than 5 times"):
        client.request("GET", f"http://127.0.0.2:{port}/loop")
    outside.places["/on"] = "/end"  # type: ignore[attr-defined]
    assert client.request("GET", f"http://127.0.0.2:{port}/on").url.endswith("/end")
    assert inside.seen == []  # type: ignore[attr-defined]


def test_secrets_do_not_follow_a_redirect_to_another_server() -> None:
    with answering("127.0.0.2") as first, answering("127.0.0.3") as second:
        first.places["/x"] = f"http://127.0.0.3:{second.server_port}/y"  # type: ignore[attr-defined]
        client = HttpClient(EgressPolicy(allow=("127.0.0.0/8",)))
        given = {"Authorization": "Bearer hidden", "X-Api-Key": "hidden", "Cookie": "a=hidden", "Accept": "text/plain"}
        client.request("GET", f"http://127.0.0.2:{first.server_port}/x", given)
        sent = first.seen[0][1]  # type: ignore[attr-defined]
        assert sent["Authorization"] == "Bearer hidden" and sent["Host"] == f"127.0.0.2:{first.server_port}"
        assert "hidden" not in str(second.seen) and second.seen[0][1]["Accept"] == "text/plain"  # type: ignore[attr-defined]
        with pytest.raises(AuthoringError, match="body"):
            first.places["/kept"] = f"http://127.0.0.3:{second.server_port}/y"  # type: ignore[attr-defined]
            client.request("POST", f"http://127.0.0.2:{first.server_port}/kept", given, b"x")


def test_an_answer_that_is_too_large_or_too_slow_ends(pair) -> None:
    outside, _ = pair
    with pytest.raises(LimitError):
        HttpClient(ALLOWED, most_bytes=4999).request("GET", f"http://127.0.0.2:{outside.server_port}/large")
    with socket.create_server(("127.0.0.2", 0)) as silent, pytest.raises(ConnectorError, match="did not answer"):
        HttpClient(ALLOWED, seconds=0.2).request("GET", f"http://127.0.0.2:{silent.getsockname()[1]}/")


def test_the_first_address_that_answers_is_connected_to() -> None:
    with socket.create_server(("127.0.0.2", 0)) as listening:
        port = listening.getsockname()[1]
        opened, reached = connect(Checked("db.example", port, ("127.0.0.3", "127.0.0.2")))
        opened.close()
        assert reached == Checked("db.example", port, ("127.0.0.2",))
    with pytest.raises(RunnelError) as caught:
        connect(Checked("db.example", port, ("127.0.0.3", "127.0.0.2")))
    assert caught.value.code == "RNL-EGRESS-004" and "refused" in caught.value.what
