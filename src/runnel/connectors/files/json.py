"""JSON documents and NDJSON: raw lines parsed strictly by DuckDB; what it does not take is judged one by one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runnel.connectors.files import limits, sql
from runnel.connectors.files.csv import WHOLE_BYTES
from runnel.connectors.files.formats import Chosen, Format, Prepared, Reading, Sniffed
from runnel.connectors.files.overlay import NUMBERS, Tap, checked
from runnel.connectors.files.records import uniform
from runnel.connectors.files.refused import encoded, known
from runnel.connectors.files.splitting import Split, split
from runnel.connectors.files.structure import Tree, Wide, at_path, enlarge, leaves, listed, merge, replaced, type_text
from runnel.connectors.files.values import NO_DELIMITER, overriding
from runnel.sdk import Opened

_SUSPICIOUS = r"(?i)[\[:,]\s*[+-]?(nan|inf)|,\s*[\]}]|^\s*[+-]?(nan|inf)"
_LONG = "[0-9][0-9.]{15}"
_TOKEN = "[0-9][0-9.]{15,}"
_VALUE = "value"
_REFUSED = {"INVALID ENCODING": "the bytes are not UTF-8"}


class JsonFormat(Format):
    """Records of JSON."""

    textual = True

    def __init__(self, name: str, extensions: tuple[str, ...]) -> None:
        self.name = name
        self.extensions = extensions

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Merge the structures of all records."""
        path = self._lines_file(file, reading)
        limits.line_sizes(path, file.shown)
        scan = _lines([path])
        scan, how = self._checked_scan(file, path, scan, reading)
        look = _Look(file, scan, reading)
        tree, notes = look.tree()
        columns = {name: reading.connection.execute(f"SELECT typeof(CAST(NULL AS {type_text(part)}))").fetchall()[0][0]
                   for name, part in columns_of(tree).items()}  # fmt: skip
        for name in reading.given:
            columns.setdefault(name, "VARCHAR")
        options = {
            "tree": tree, "strict": look.strict, "lenient": look.lenient, "newline": how, "digits": look.digits,
        }  # fmt: skip
        return Sniffed(overriding(columns, reading.given), {**options, "found": columns}, tuple(notes))

    def _checked_scan(self, file: Prepared, path: str, scan: str, reading: Reading) -> tuple[str, str]:
        """Return a scan of the lines that works: a copy where line ends are mixed."""
        import duckdb

        try:
            reading.connection.execute(f"SELECT count(line) FROM {scan}").fetchall()[0]
        except duckdb.InvalidInputException:
            return _lines([_uniform(file.path, path, reading)]), "mixed"
        return scan, "\n"

    def _lines_file(self, file: Prepared, reading: Reading) -> str:
        """Return a file with one record per line."""
        if self.name == "ndjson":
            return file.readable
        target = reading.workspace.new(".ndjson")

        def refuse(raw: bytes, reason: str, byte: int, line: int) -> None:
            place = {"file": file.path, "line": line, "byte" if file.plain else "decoded_byte": byte}
            reading.letters.add(encoded(raw, file), reason, place)

        found = split(file.readable, target, file.shown, refuse)
        reading.state[("split", target)] = found
        return target

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Return a query in which every record is parsed strictly, or refused."""
        options = files[0].options
        paths = []
        for chosen in files:
            path = self._lines_file(chosen.file, reading)
            if options["newline"] == "mixed":
                path = _uniform(chosen.file.path, path, reading)
            paths.append(path)
            reading.state[("file", path)] = chosen.file
        key = f"json_{next(NUMBERS)}"
        scan = _lines(paths, f"rejects_table='{key}_rejects', rejects_scan='{key}_scans'")
        if reading.settings.record_path:
            scan = _inner(scan, reading.settings.record_path)
        lenient = _lenient(options, columns, reading)
        tap = _JsonTap(reading, key, _wanted(options["tree"], columns, lenient), paths)
        reading.state[("tap", key)] = tap
        return Opened(tap.query(scan, options, columns, lenient), bytes=sum(os.path.getsize(path) for path in paths))

    def finish(self, reading: Reading) -> None:
        """Give every refused record its place."""
        for key, tap in list(reading.state.items()):
            if isinstance(tap, _JsonTap) and key not in reading.harvested:
                reading.harvested.add(key)
                tap.finish()


def _uniform(name: str, path: str, reading: Reading) -> str:
    made = reading.workspace.new(".ndjson")
    uniform(path, made, "", "")
    return made


def _lines(paths: Sequence[str], rejects: str = "rejects_table='probe_lines', rejects_scan='probe_lines_scans'") -> str:
    """Return the scan of raw lines; blank ones are NULL."""
    return (
        f"read_csv({sql.texts(paths)}, header=false, auto_detect=false, delim={sql.text(NO_DELIMITER)}, "
        f"quote='', escape='', "
        f"columns={{'line': 'VARCHAR'}}, max_line_size={limits.MAX_RECORD_BYTES}, buffer_size=32000000, "
        f"store_rejects=true, {rejects})"
    )


def _inner(scan: str, path: str) -> str:
    steps = "$" + "".join("." + json.dumps(step) for step in path.strip("$.").split(".")) + "[*]"
    return f"(SELECT UNNEST(json_extract(line, {sql.text(steps)}))::VARCHAR AS line FROM {scan})"


def columns_of(tree: Tree) -> dict[str, Tree]:
    """Return the columns of a merged structure; records that are no objects have one, `value`."""
    return dict(tree) if isinstance(tree, dict) else {_VALUE: tree}


def _wanted(tree: Tree, columns: Mapping[str, str], lenient: frozenset[str]) -> Tree:
    if not isinstance(tree, dict):
        return tree
    return {name: "JSON" if name in lenient else tree.get(name, "VARCHAR") for name in columns} or {}


def _lenient(options: Mapping[str, Any], columns: Mapping[str, str], reading: Reading) -> frozenset[str]:
    """Return the columns that are taken as any JSON first: only shown, and not seen to fit their type everywhere."""
    if not isinstance(options["tree"], dict):
        return frozenset()
    return frozenset(n for n in columns if n in reading.lenient and (n in reading.given or options["strict"]))


class _Look:
    """One look at all records of a file."""

    def __init__(self, file: Prepared, scan: str, reading: Reading) -> None:
        self.file = file
        self.reading = reading
        size = os.path.getsize(file.readable)
        self.complete = size <= WHOLE_BYTES
        self.scan = scan if self.complete else f"(SELECT * FROM {scan} LIMIT 2000000)"
        if reading.settings.record_path:
            self.scan = _inner(self.scan, reading.settings.record_path)
        self.strict = not self.complete
        self.lenient = False
        self.digits = False

    def tree(self) -> tuple[Tree, list[str]]:
        """Return the merged structure and what to say about it."""
        rows = self._run(
            f"SELECT try(json_structure(line)) AS found, any_value(line), "
            f"count(*) FILTER (WHERE regexp_matches(line, {sql.text(_SUSPICIOUS)})), "
            f"count(*) FILTER (WHERE regexp_matches(line, '{_LONG}')) "
            f"FROM {self.scan} WHERE line IS NOT NULL GROUP BY 1"
        )
        self._deep(rows)
        merged = merge(json.loads(row[0]) for row in sorted(rows, key=lambda row: row[0] or "") if row[0])
        self.strict = self.strict or any(row[2] for row in rows)
        self.lenient = merged.optional and self.complete and not self.strict and not self._twice()
        tree = self._order(merged.tree)
        if any(row[3] for row in rows):
            tree = self._widened(tree, merged.blended or "DOUBLE" in listed(tree))
        self._bounded(tree)
        notes = [f"mixed values in {', '.join(merged.mixed[:5])}".replace("in .", "in ")] if merged.mixed else []
        if not self.complete:
            notes.append("columns read off the first 2,000,000 records")
        return ("JSON" if tree == "NULL" else tree), notes

    def _bounded(self, tree: Tree) -> None:
        if isinstance(tree, dict):
            limits.columns(self.file.shown, len(tree))

    def _order(self, tree: Tree) -> Tree:
        """Return the keys in the order of the first record, then of their appearance."""
        if not isinstance(tree, dict):
            return tree
        row = self.reading.connection.execute(
            f"SELECT try(json_structure(line)) FROM {self.scan} WHERE line IS NOT NULL LIMIT 1"
        ).fetchall()
        first = json.loads(row[0][0]) if row and row[0][0] else {}
        keys = [key for key in (first if isinstance(first, dict) else {}) if key in tree]
        return {key: tree[key] for key in dict.fromkeys([*keys, *tree])}

    def _run(self, query: str) -> list[Any]:
        return self.reading.connection.execute(query).fetchall()

    def _deep(self, rows: Sequence[Any]) -> None:
        for found, line, _, _ in rows:
            if found is None and line and line.count("[") + line.count("{") > limits.MAX_DEPTH:
                depth = deepest = 0
                for sign in line:
                    depth += (sign in "[{") - (sign in "]}")
                    deepest = max(deepest, depth)
                if deepest > limits.MAX_DEPTH:
                    raise limits.depth(self.file.shown)

    def _twice(self) -> bool:
        """Tell whether some record has a key twice at its top."""
        row = self._run(
            f"SELECT count(*) FROM (SELECT try(json_keys(line)) AS keys FROM {self.scan}) "
            f"WHERE len(list_distinct(keys)) < len(keys)"
        )
        return bool(row[0][0])

    def _widened(self, tree: Tree, blended: bool) -> Tree:
        """Give numbers that neither BIGINT nor DOUBLE holds a type that keeps all their digits."""
        wide = Wide()
        for line in self._suspects(blended):
            try:
                wide.add(line)
            except (ValueError, RecursionError):
                continue
        for path, size in wide.whole.items():
            if at_path(tree, path) == "DOUBLE":
                enlarge(wide.beyond, path, *size)
        for path, size in wide.beyond.items():
            tree = replaced(tree, path, self._wide_type(path, size))
        texts = [at_path(tree, path) == "VARCHAR" for path in (*wide.beyond, *wide.whole)]
        self.digits = any(texts) or (not self.complete and "DECIMAL" in "".join(leaves(tree)))
        return tree

    def _suspects(self, blended: bool) -> Iterator[str]:
        """Yield the records with a number that does not look the same after it was a DOUBLE or BIGINT."""
        whole = "try_cast(t AS BIGINT) IS NULL"
        if blended:
            whole += " OR try_cast(try_cast(t AS DOUBLE) AS BIGINT) IS DISTINCT FROM try_cast(t AS BIGINT)"
        changed = f"""CASE WHEN contains(t, '.') THEN try_cast(t AS DOUBLE)::VARCHAR IS DISTINCT FROM rtrim(t, '0')
            ELSE {whole} END"""
        tokens = f"regexp_extract_all(line, '{_TOKEN}')"
        found = self.reading.connection.execute(
            f"SELECT line FROM {self.scan} WHERE regexp_matches(line, '{_LONG}') "
            f"AND list_bool_or(list_transform({tokens}, lambda t: {changed}))"
        )
        while rows := found.fetchmany(10_000):
            for (line,) in rows:
                yield line

    def _wide_type(self, path: tuple[str, ...], size: tuple[int, int]) -> str:
        """Return DECIMAL where it has room for the numbers of all records, else VARCHAR."""
        if "[]" in path:
            return "VARCHAR"
        steps = "$" + "".join("." + json.dumps(step) for step in path)
        parts = "regexp_extract(v, '^-?([0-9]+)(?:[.]([0-9]+))?(?:e[+]?(-?[0-9]+))?$', ['before', 'after', 'e'])"
        exponent = "COALESCE(try_cast(p.e AS INTEGER), 0)"
        row = self._run(
            f"SELECT max(length(p.before) + greatest({exponent}, 0)), max(greatest(length(p.after) - {exponent}, 0)), "
            f"count(*) FILTER (WHERE p.before = '') FROM (SELECT {parts} AS p FROM (SELECT "
            f"try(json_extract_string(line, {sql.text(steps)})) AS v FROM {self.scan}) WHERE v IS NOT NULL)"
        )[0]
        before, after, odd = max(row[0] or 0, size[0]), max(row[1] or 0, size[1]), row[2]
        return f"DECIMAL(38,{after})" if before + after <= 38 and not odd else "VARCHAR"


class _JsonTap(Tap):
    """Takes the lines that the strict parser refused."""

    def __init__(self, reading: Reading, key: str, tree: Tree, paths: Sequence[str]) -> None:
        super().__init__(reading, key)
        self.tree = tree
        self.paths = paths

    def query(
        self, scan: str, options: Mapping[str, Any], columns: Mapping[str, str], lenient: frozenset[str]
    ) -> str:
        """Return the query that yields the columns; every record either passes or reaches the tap."""
        self.create(self.tree)
        structure = sql.text(json.dumps(self.tree, ensure_ascii=False))
        parse = "from_json" if options["lenient"] else "from_json_strict"
        guarded = f"try({{'v': {parse}(line, {structure})}})"
        if options["strict"]:
            guarded = f"CASE WHEN regexp_matches(line, {sql.text(_SUSPICIOUS)}) THEN NULL ELSE {guarded} END"
        if options["digits"]:  # DuckDB would write a number as text, or round it, by way of a DOUBLE
            guarded = f"CASE WHEN NOT regexp_matches(line, '{_LONG}') THEN {guarded} END"
        if not self.tree and isinstance(self.tree, dict):
            guarded = "CASE WHEN json_valid(line) THEN {'v': NULL} END"
        first = f"SELECT line, {guarded} AS g FROM {scan} WHERE line IS NOT NULL"
        again = f"try({{'v': from_json_strict(fixed, {structure})}})"
        if not self.tree and isinstance(self.tree, dict):
            again = "CASE WHEN fixed IS NOT NULL THEN {'v': NULL} END"
        second = f"SELECT line, g, CASE WHEN g IS NULL THEN {self.judge}(line) END AS fixed FROM ({first})"
        third = f"SELECT line, COALESCE(g, {again}) AS g FROM ({second}) WHERE g IS NOT NULL OR fixed IS NOT NULL"
        found = {name: f"g.v.{sql.name(name)}" if isinstance(self.tree, dict) else "g.v" for name in columns}
        for name in lenient:
            part = options["tree"].get(name, "VARCHAR")
            if part != "JSON":
                found[name] = f"try(from_json({found[name]}, {sql.text(json.dumps(part, ensure_ascii=False))}))"
        values, conditions = checked(found, options["found"], columns, lenient)
        made = ", ".join(f"{value} AS {sql.name(name)}" for name, value in values.items()) or "1 AS _none"
        held = ", ".join(name for name, type in columns.items() if options["found"].get(name, "VARCHAR") != type)
        misfit = sql.text(f"a value does not fit the type given for {held}")
        accept = (
            f"CASE WHEN {' AND '.join(conditions)} THEN true ELSE {self.refuse}(line, {misfit}) END"
            if conditions
            else "true"
        )
        return f"(SELECT {made} FROM ({third}) WHERE {accept} LIMIT 999999999999 OFFSET 0)"

    def finish(self) -> None:
        """Find the refused lines in the files and add them with their place."""
        for path in self.paths:
            file = self.reading.state[("file", path)]
            found = self.reading.state.get(("split", path))
            self._place(path, file, found)
        self.rejected()

    def _place(self, path: str, file: Prepared, found: Split | None) -> None:
        if not self.reasons:
            return
        byte = 0
        with open(path, "rb") as opened:
            for number, line in enumerate(opened):
                raw = line.rstrip(b"\r\n")
                reason = self.reasons.get(raw)
                if reason is not None:
                    self._add(
                        file, raw, reason, (found.starts[number], found.lines[number]) if found else (byte, number + 1)
                    )
                byte += len(line)

    def _add(self, file: Prepared, raw: bytes, reason: str, place: tuple[int, int]) -> None:
        position = {"file": file.path, "line": place[1], "byte" if file.plain else "decoded_byte": place[0]}
        self.reading.letters.add(encoded(raw, file), reason, position)

    def rejected(self) -> None:
        """Add the lines that DuckDB could not even take as text (bad UTF-8, too long)."""
        table, scans = f"{self.key}_rejects", f"{self.key}_scans"
        if not known(self.reading.connection, table):
            return
        rows = self.reading.connection.execute(
            f"SELECT DISTINCT s.file_path, r.line_byte_position - 1, r.error_type::VARCHAR FROM {table} r "
            f"JOIN {scans} s USING (scan_id, file_id) ORDER BY ALL"
        ).fetchall()
        for path, byte, kind in rows:
            file = self.reading.state[("file", path)]
            if kind == "LINE SIZE OVER MAXIMUM":
                raise limits.record_size(file.shown)
            self._rejected_line(path, int(byte), kind, file)

    def _rejected_line(self, path: str, byte: int, kind: str, file: Prepared) -> None:
        with open(path, "rb") as opened:
            number = sum(1 for _ in _until(opened, byte))
            opened.seek(byte)
            raw = opened.readline().rstrip(b"\r\n")
        found = self.reading.state.get(("split", path))
        place = (found.starts[number], found.lines[number]) if found else (byte, number + 1)
        self._add(file, raw, _REFUSED.get(kind, "the line cannot be read"), place)


def _until(opened: Any, byte: int) -> Any:
    at = 0
    while at < byte and (line := opened.readline()):
        at += len(line)
        yield line


FORMATS = (JsonFormat("json", ("json", "geojson")), JsonFormat("ndjson", ("ndjson", "jsonl", "ldjson")))
