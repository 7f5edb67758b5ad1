"""The table of fault runs: seeds add up, a run that was made before takes its own place."""

from __future__ import annotations

from recording import Entry, record


def line(path, name):
    return Entry.read(next(one for one in path.read_text("utf-8").splitlines() if one.startswith(f"| {name}")))[1]


def test_seeds_add_up_and_the_same_ones_again_or_other_sizes_take_the_place(tmp_path):
    path = tmp_path / "results.md"
    told = {"cases": 40, "lost": 0, "doubled": 0, "wrong": 1, "unexplained": 0, "most_rss": 1.5, "of_kill": 7, "end": "drained"}
    sizes = {"FAULT_KILLS": "40", "FAULT_RECORD": str(path), "HOME": "x"}
    record(path, {"test_it_holds": told}, {**sizes, "FAULT_SEEDS": "1-5"})
    record(path, {"test_it_holds": {**told, "most_rss": 0.5}, "test_another": told}, {**sizes, "FAULT_SEEDS": "6-9"})
    found = line(path, "it holds")
    assert found.seeds == [(1, 9)] and found.figures == {"cases": 80, "lost": 0, "doubled": 0, "wrong": 2, "unexplained": 0}
    assert found.beside == {"most_rss": 1.5, "of_kill": 14, "end": "drained"} and found.sizes == "`FAULT_KILLS=40`"
    assert line(path, "another").seeds == [(6, 9)]
    record(path, {"test_it_holds": told}, {**sizes, "FAULT_SEEDS": "9"})
    assert line(path, "it holds").seeds == [(9, 9)] and line(path, "it holds").figures["cases"] == 40
    record(path, {"test_it_holds": told}, {"FAULT_SEEDS": "20"})
    assert line(path, "it holds").seeds == [(20, 20)] and line(path, "it holds").sizes == ""
