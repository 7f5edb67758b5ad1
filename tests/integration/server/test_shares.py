"""Shares: a stranger with the link sees the stored charts that were named, and nothing else, until it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from building import fresh_project, node, rows, run_nodes
from runnel.app.project import Project
from runnel.app.run_charts import keep_charts
from serving import ORIGIN, Served, served

SHARES = "/api/v1/shares"


def run_with(project: Project, revenue: int) -> None:
    """Run a pipeline with two charts and keep them, as the desk does."""
    project.clock = lambda: datetime.now(UTC)
    report = run_nodes(project, {
        "orders": rows({"country": "DE", "price": revenue, "customer": "Ada"}, {"country": "FR", "price": 7, "customer": "Eve"}),
        "totals": node("table.aggregate", "orders", group_by=["country"], values={"revenue": "sum(price)"}),
        "chart": node("chart.bar", "totals", x="country", y="revenue"),
        "hidden": node("chart.bar", "orders", x="customer", y="price"),
    }, name="sales")  # fmt: skip
    assert report.status == "success" and keep_charts(project, report)


@pytest.fixture
def project() -> Iterator[Project]:
    with fresh_project() as made:
        run_with(made, 30)
        yield made


@pytest.fixture
def server(project: Project) -> Iterator[Served]:
    with served(project=project) as made:
        made.person("ada", "admin")
        yield made


def share(server: Served, **more) -> dict:
    body = {"pipeline": "sales", "nodes": ["chart"], **more}
    answer = server.call("POST", SHARES, headers=server.cookie(server.people["ada"]), json=body)
    assert answer.status == 201, answer.body
    return answer.json


def look(server: Served, made: dict, peer: str = "203.0.113.5"):
    return server.call("GET", made["url"].removeprefix(ORIGIN) + "/data", peer=peer)


def values(answer) -> dict:
    return {row[0]: row[1] for row in answer.json["charts"][0]["rows"]}


def test_what_strangers_will_see_is_told_before(server: Served) -> None:
    body = {"pipeline": "sales", "nodes": ["chart"]}
    told = server.call("POST", f"{SHARES}/describe", headers=server.cookie(server.people["ada"]), json=body).json
    assert told["charts"][0]["columns"] == ["country", "revenue"] and told["charts"][0]["rows"] == 2
    assert "country, revenue (2 rows)" in told["words"]
    assert server.entries("shares") == []


def test_a_stranger_reads_the_named_chart_and_nothing_else(server: Served) -> None:
    made = share(server)
    answer = look(server, made)
    assert answer.status == 200 and values(answer) == {"DE": 30, "FR": 7}
    assert [chart["node"] for chart in answer.json["charts"]] == ["chart"]
    text = answer.body.decode()
    assert not any(word in text for word in ("Ada", "customer", "hidden", str(server.state.home), "ada"))


def test_the_link_is_long_random_shown_once_and_kept_as_a_hash(server: Served) -> None:
    made = share(server)
    token = made["url"].rsplit("/", 1)[1]
    assert len(token) >= 22
    listed = server.call("GET", SHARES, headers=server.cookie(server.people["ada"])).body.decode()
    assert token not in listed and made["id"] in listed
    files = [file.read_bytes() for file in server.state.home.rglob("*") if file.is_file()]
    assert not any(token.encode() in data for data in files)


@pytest.mark.parametrize("mode", ["live", "frozen"])
def test_a_live_share_follows_the_runs_and_a_frozen_one_stays(server: Served, project: Project, mode: str) -> None:
    made = share(server, mode=mode)
    run_with(project, 100)
    assert values(look(server, made))["DE"] == (100 if mode == "live" else 30)


def test_a_live_share_never_shows_columns_that_were_not_promised(server: Served, project: Project) -> None:
    made = share(server)
    assert len(look(server, made).json["charts"]) == 1
    report = run_nodes(project, {
        "people": rows({"who": "Ada", "salary": 90_000}), "chart": node("chart.bar", "people", x="who", y="salary"),
    }, name="sales")  # fmt: skip
    assert keep_charts(project, report)
    seen = look(server, made)
    assert seen.json["charts"] == [] and seen.json["withheld"] == 1 and b"salary" not in seen.body


def test_a_share_ends_with_its_pipeline(server: Served) -> None:
    made = share(server)
    assert [one.id for one in server.state.access.sharing.end_of("sales")] == [made["id"]]
    assert look(server, made).status == 404 and server.state.access.sharing.end_of("sales") == []


def test_a_share_ends_at_once_when_it_is_revoked(server: Served) -> None:
    for mode in ("live", "frozen"):
        made = share(server, mode=mode)
        assert look(server, made).status == 200
        assert (
            server.call("DELETE", f"{SHARES}/{made['id']}", headers=server.cookie(server.people["ada"])).status == 204
        )
        answer = look(server, made)
        assert answer.status == 404 and b"chart" not in answer.body
        again = server.call("DELETE", f"{SHARES}/{made['id']}", headers=server.cookie(server.people["ada"]))
        assert again.status == 404


def test_a_share_ends_after_thirty_days_or_when_it_was_said(server: Served) -> None:
    month, day = share(server), share(server, expires_days=1)
    server.clock.ahead(days=1, seconds=1)
    assert look(server, day).status == 404 and look(server, month).status == 200
    server.clock.ahead(days=29)
    assert look(server, month).status == 404


@pytest.mark.parametrize("more", [{"expires_days": 0}, {"expires_days": 5000}, {"nodes": []}, {"nodes": ["nothing"]}, {"mode": "other"},
                                  {"pipeline": "nothing"}, {"document": {}}, {"nodes": ["chart"] * 51}, {"id": "mine"}])  # fmt: skip
def test_a_share_of_nothing_for_ever_or_of_what_is_sent_is_refused(server: Served, more: dict) -> None:
    body = {"pipeline": "sales", "nodes": ["chart"], **more}
    assert server.call("POST", SHARES, headers=server.cookie(server.people["ada"]), json=body).status == 422


def test_looks_are_counted_and_the_first_of_each_address_is_audited(server: Served) -> None:
    made = share(server)
    for peer in ("203.0.113.5", "203.0.113.5", "203.0.113.6"):
        look(server, made, peer)
    listed = server.call("GET", SHARES, headers=server.cookie(server.people["ada"])).json["items"]
    assert listed[0]["views"] == 3
    read = server.entries("shares.read")
    assert [(entry["actor"]["kind"], entry["address"]) for entry in read] == [
        ("share", "203.0.113.6"),
        ("share", "203.0.113.5"),
    ]
    assert server.entries("shares.create_share")[0]["object_id"] == made["id"]


def test_a_link_opens_nothing_but_its_data(server: Served) -> None:
    token = share(server)["url"].rsplit("/", 1)[1]
    for headers in ({"authorization": f"Bearer {token}"}, {"cookie": f"runnel_session={token}"}, {"x-share": token}):
        for route in ("/api/v1/shares", "/api/v1/pipelines", "/api/v1/runs", "/api/v1/auth/session", "/api/v1/events"):
            assert server.call("GET", route, headers=headers).status == 401
    for target in (f"/share/{token}/data?nodes=hidden", f"/share/{token}/data?node=hidden&pipeline=other"):
        assert "hidden" not in server.call("GET", target).body.decode()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        body = json.dumps({"nodes": ["hidden"], "document": {}}).encode()
        assert (
            server.call(method, f"/share/{token}/data", headers={"content-type": "application/json"}, body=body).status
            == 405
        )


@pytest.mark.parametrize("id", ["x", "A" * 24, "0" * 16, "%2e%2e", "..", "a" * 5000, "'%20OR%201=1"])
def test_an_invented_link_opens_nothing(server: Served, id: str) -> None:
    share(server)
    assert server.call("GET", f"/share/{id}/data").status == 404


def test_the_public_id_of_a_share_is_no_link(server: Served) -> None:
    made = share(server)
    assert server.call("GET", f"/share/{made['id']}/data").status == 404


def test_trying_links_is_slowed(server: Served) -> None:
    statuses = [server.call("GET", f"/share/{n:024}/data", peer="198.51.100.9").status for n in range(300)]
    assert statuses.count(404) == 240 and statuses.count(429) == 60


def test_a_viewer_cannot_share_and_nobody_but_people_of_the_project_sees_shares(server: Served) -> None:
    viewer = server.cookie(server.person("vic", "viewer"))
    body = {"pipeline": "sales", "nodes": ["chart"]}
    assert server.call("POST", SHARES, headers=viewer, json=body).status == 403
    made = share(server)
    assert server.call("DELETE", f"{SHARES}/{made['id']}", headers=viewer).status == 403
    assert server.call("GET", SHARES, headers=viewer).status == 200
    assert server.call("GET", SHARES).status == 401
