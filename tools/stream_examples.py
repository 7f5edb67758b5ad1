"""Makes the data of the examples of streams anew: made-up trades, orders, requests and payments, always the same ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def trades() -> Iterable[dict[str, Any]]:
    """Yield trades in the form in which exchanges send them over a WebSocket: a walk with two jumps."""
    dice, price, at = random.Random(11), 60_000.0, BEGIN
    for number in range(1, 1201):
        at += timedelta(milliseconds=dice.randint(50, 950))
        price *= 1 + dice.gauss(0, 0.0002) + {500: 0.012, 900: -0.015}.get(number, 0)
        yield {"e": "trade", "s": "BTCUSDT", "p": f"{price:.2f}", "q": f"{dice.uniform(0.001, 0.4):.5f}",
               "T": int(at.timestamp() * 1000), "m": dice.random() < 0.5}  # fmt: skip


def order_changes() -> Iterable[dict[str, Any]]:
    """Yield changes of orders: placed, then paid, sent, and some cancelled and deleted."""
    dice, open_orders, at, next_id = random.Random(12), {}, BEGIN, 1
    for _ in range(600):
        at += timedelta(seconds=dice.randint(1, 20))
        if not open_orders or dice.random() < 0.4:
            row = {"id": next_id, "customer": f"c{dice.randint(1, 40):02d}", "status": "placed", "total": dice.randint(5, 400)}
            open_orders[next_id], op, next_id = row, "insert", next_id + 1
        else:
            row = dict(open_orders[dice.choice(list(open_orders))])
            step = {"placed": ("paid", "cancelled"), "paid": ("sent", "sent"), "sent": ("sent", "sent")}
            if row["status"] in ("cancelled", "sent") and dice.random() < 0.5:
                op = "delete" if row["status"] == "cancelled" else "update"
            else:
                op = "update"
            if row["status"] in step:
                row["status"] = step[row["status"]][dice.random() < 0.15]
            open_orders[row["id"]] = row
            if op == "delete":
                del open_orders[row["id"]]
        yield {"_op": op, "_commit_time": at.isoformat(), **row}


def requests() -> Iterable[dict[str, Any]]:
    """Yield requests as a web server logs them in JSON, with three minutes in which much fails."""
    dice, at = random.Random(13), BEGIN
    for _ in range(3000):
        at += timedelta(milliseconds=dice.randint(100, 1100))
        minute = (at - BEGIN).seconds // 60
        fails = dice.random() < (0.3 if 12 <= minute < 15 else 0.01)
        yield {
            "time": at.isoformat(timespec="milliseconds"), "ip": f"203.0.113.{dice.randint(1, 60)}",
            "path": dice.choice(["/", "/cart", "/search", "/item"]),
            "status": 503 if fails else dice.choice([200, 200, 200, 304, 404]),
            "ms": int(dice.expovariate(1 / (900 if fails else 60))),
        }  # fmt: skip


def payments() -> list[dict[str, Any]]:
    """Return payments of cards; some cards are tried with two small ones and then emptied."""
    dice = random.Random(14)
    found: list[dict[str, Any]] = []
    for _ in range(2500):
        at = BEGIN + timedelta(seconds=dice.randint(0, 24 * 3600 - 1))
        found.append({"at": at, "card": f"card-{dice.randint(1, 300):03d}", "amount": round(dice.uniform(3, 450), 2)})
    for _ in range(40):
        at, card = BEGIN + timedelta(seconds=dice.randint(0, 23 * 3600)), f"card-{dice.randint(1, 300):03d}"
        for amount in (dice.uniform(0.1, 1.9), dice.uniform(0.1, 1.9), dice.uniform(600, 1900)):
            at += timedelta(seconds=dice.randint(5, 150))
            found.append({"at": at, "card": card, "amount": round(amount, 2)})
    return sorted(found, key=lambda row: (row["at"], row["card"], row["amount"]))


def _lines(place: str, rows: Iterable[dict[str, Any]]) -> None:
    path = EXAMPLES / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def main() -> None:
    """Write the files."""
    _lines("crypto/data/trades.ndjson", trades())
    _lines("orders_live/data/changes.ndjson", order_changes())
    _lines("weblog/data/access.ndjson", requests())
    rows = [f"{row['at'].isoformat()},{row['card']},{row['amount']}" for row in payments()]
    place = EXAMPLES / "fraud" / "data" / "payments.csv"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(["at,card,amount", *rows]) + "\n", "utf-8")
    curve = EXAMPLES / "wind_farm" / "data" / "power_curve.csv"
    curve.parent.mkdir(parents=True, exist_ok=True)
    speeds = [half / 2 for half in range(51)]
    lines = [f"{speed},{round(min(3000, 3000 * max(0, (speed - 3) / 9.5) ** 3))}" for speed in speeds]
    curve.write_text("\n".join(["wind_ms,power_kw", *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
