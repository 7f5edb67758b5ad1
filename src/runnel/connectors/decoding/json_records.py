"""Records of JSON, one document each (or a list of them), or several lines of JSON; parsed strictly, refused one by one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runnel.connectors.decoding.fitting import fitted, found_type
from runnel.connectors.decoding.quick import has_lists, is_plain
from runnel.connectors.decoding.records import lines, merged, texts
from runnel.connectors.files import sql
from runnel.connectors.files.judging import RefusedError, canonical

_NO_JSON = r"[\[:,]\s*[+-]?(?:nan|inf)|,\s*[\]}]|^\s*[+-]?(?:nan|inf)"
"""What the quick parser takes and JSON does not know."""
_LONG = "|".join([r"[0-9]{19}", *(rf"[0-9]{{{n}}}\.[0-9]{{{max(16 - n, 1)}}}" for n in range(1, 19))])
"""Numbers that the quick parser would write otherwise than they stand."""
_DOUBTFUL = rf"(?i){_NO_JSON}|[\[:,]\s*-?(?:{_LONG})"


@dataclass(frozen=True)
class JsonFormat:
    """Objects of JSON whose members are the columns; members without a column are left out, missing ones are NULL."""

    columns: Mapping[str, str]
    by_line: bool = False

    def rows(self, connection: Any, values: Any, numbers: Any) -> tuple[Any, list[tuple[int, str]]]:
        """Parse texts: at once what is as expected, then what lacks members, then the rest one by one."""
        import duckdb
        import pyarrow as pa

        found, kept, refused = texts(values, numbers)
        found, kept = lines(found, kept) if self.by_line else _items(found, kept)
        parsed: list[Any] = []
        types = {name: found_type(type) for name, type in self.columns.items()}
        loose = {name: "JSON" if type == "JSON" else "VARCHAR" for name, type in types.items()}
        rest = pa.table({"i": kept, "line": found})
        plain = is_plain(found)
        # Not guarded by TRY, which takes a whole vector row by row: where one is no JSON, all are looked at before.
        strict = "from_json_strict(line, {tree})"
        for parse in (strict, f"CASE WHEN json_valid(line) THEN {strict} END"):
            with contextlib.suppress(duckdb.Error):
                rest = self._attempt(connection, rest, types, parse, parsed, refused, not plain)
                break
        if rest.num_rows:
            rest, others = _once_each(connection, rest)
            rest = self._attempt(connection, rest, loose, "try(from_json(line, {tree}))", parsed, refused)
            rest = pa.concat_tables([rest, others])
        if rest.num_rows:
            judged = self._judged(rest, loose, refused)
            rest = self._attempt(
                connection, judged, loose, "try(from_json_strict(line, {tree}))", parsed, refused, doubt=False
            )
            refused.extend((number, "it is no object of JSON") for number in rest.column("i").to_pylist())
        return merged(parsed), refused

    def _attempt(
        self, connection: Any, table: Any, types: Mapping[str, str], parse: str, parsed: list[Any],
        refused: list[tuple[int, str]], doubt: bool = True,
    ) -> Any:  # fmt: skip
        """Parse records that are not doubtful; returns those that were not parsed."""
        import pyarrow.compute

        pc: Any = pyarrow.compute
        tree = sql.text(json.dumps(types or {"_": "VARCHAR"}, ensure_ascii=False))
        value = f"{{'v': {parse.format(tree=tree)}}}"
        guarded = f"CASE WHEN NOT regexp_matches(line, {sql.text(_DOUBTFUL)}) THEN {value} END" if doubt else value
        members = ", ".join(f"g.v.{sql.name(name)} AS {sql.name(name)}" for name in types)
        connection.register("_lines", table)
        try:
            query = f"SELECT i, line, {guarded} AS g FROM _lines"
            select = ", ".join(part for part in ("i", members, "coalesce(g.v IS NOT NULL, false) AS _ok") if part)
            made = connection.sql(f"SELECT {select} FROM ({query})").to_arrow_table()
        finally:
            connection.unregister("_lines")
        good = made.column("_ok")
        clean = pc.all(good).as_py()
        done = made.drop_columns(["_ok"])
        fit = fitted(connection, done if clean else done.filter(good), types, self.columns)
        parsed.append(fit.rows)
        refused.extend(fit.misfits)
        return table.slice(0, 0) if clean else table.filter(pc.invert(good))

    def _judged(self, table: Any, types: Mapping[str, str], refused: list[tuple[int, str]]) -> Any:
        """Rewrite records to what the parser takes without loss, or refuse them with the reason."""
        import pyarrow as pa

        numbers: list[int] = []
        found: list[str] = []
        for number, line in zip(table.column("i").to_pylist(), table.column("line").to_pylist(), strict=True):
            try:
                fixed = canonical(line, dict(types))
            except RefusedError as reason:
                refused.append((number, str(reason)))
                continue
            if fixed is None:
                refused.append((number, "the record is empty"))
                continue
            numbers.append(number)
            found.append(fixed)
        return pa.table({"i": pa.array(numbers, pa.int64()), "line": pa.array(found, pa.string())})


def _once_each(connection: Any, table: Any) -> tuple[Any, Any]:
    """Part records into objects in which no member stands twice, and others."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    connection.register("_lines", table)
    try:
        query = (
            "SELECT CASE WHEN json_valid(line) THEN CASE WHEN json_type(line) = 'OBJECT' THEN json_keys(line)::VARCHAR END END "
            "AS k FROM _lines"
        )
        names = connection.sql(query).to_arrow_table().column("k")
        twice = "SELECT k FROM _names WHERE len(k::VARCHAR[]) <> len(list_distinct(k::VARCHAR[]))"
        connection.register("_names", pyarrow.table({"k": pc.unique(names.combine_chunks())}))
        bad = connection.sql(twice).to_arrow_table().column("k").combine_chunks()
    finally:
        connection.unregister("_lines")
        connection.unregister("_names")
    odd = pc.or_(pc.is_null(names), pc.is_in(names, bad))
    return table.filter(pc.invert(odd)), table.filter(odd)


def _items(values: Any, numbers: Any) -> tuple[Any, Any]:
    """Take lists apart: each item is a record of its own, with its text as it stands."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not has_lists(values):
        return values, numbers
    listed = pc.match_substring_regex(values, r"^\s*\[")
    if not pc.any(listed).as_py():
        return values, numbers
    found: list[str] = []
    kept: list[int] = []
    for number, text, is_list in zip(numbers.to_pylist(), values.to_pylist(), listed.to_pylist(), strict=True):
        parts = (_apart(text) if is_list else None) or [text]
        found.extend(parts)
        kept.extend([number] * len(parts))
    return pa.array(found, pa.string()), pa.array(kept, pa.int64())


def _apart(text: str) -> list[str] | None:
    """Return the texts of a list's items; None where it is no list, which is then refused as it stands."""
    decoder = json.JSONDecoder()
    try:
        if not isinstance(json.loads(text), list):
            return None
        at, parts = text.index("[") + 1, list[str]()
        while True:
            while text[at] in " \t\r\n,":
                at += 1
            if text[at] == "]":
                return parts
            _, end = decoder.raw_decode(text, at)
            parts.append(text[at:end])
            at = end
    except (ValueError, RecursionError, IndexError):
        return None
