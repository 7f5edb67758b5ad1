"""Reading SQL that a person wrote: one SELECT over the inputs, values bound as literals, nothing from outside."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.optimizer.qualify import qualify

from runnel.sdk import Finding, Relation, Where

TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
REFUSED = re.compile(
    r"^(read_|scan_|parquet_|sniff_|duckdb_|pg_|iceberg_|delta_|sqlite_|postgres_|mysql_|st_read|arrow_scan|pragma_|load_|"
    r"write_|copy_|from_substrait|get_substrait|json_execute|force_checkpoint|checkpoint|storage_info|seq_scan|index_scan)"
)
REFUSED_NAMES = frozenset(
    {
        "glob", "getenv", "current_setting", "set_config", "query", "query_table", "nextval", "currval", "getvariable",
        "test_all_types", "repeat_row", "which_secret", "add_parquet_key", "current_user", "version", "txid_current",
        "error", "sleep", "sleep_ms", "write_log", "json_serialize_sql", "json_deserialize_sql", "in_search_path",
    }
)  # fmt: skip
UNREPEATABLE = frozenset(
    {
        "random",
        "rand",
        "uuid",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "setseed",
        "now",
        "today",
        "current_timestamp",
        "current_date",
        "current_time",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "current_localtime",
        "current_localtimestamp",
        "transaction_timestamp",
    }
)
_MARK = "runnel_value_"


class SqlError(Exception):
    """SQL that is refused: what is wrong, and what to try."""

    def __init__(self, code: str, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.finding = Finding(code, "error", what, hint, Where(field="query"))


def read_query(text: str, values: Mapping[str, Any]) -> exp.Query:
    """Parse one SELECT; references such as `${params.x}` become typed literals. Raises SqlError."""
    marked, order = text, list(values)
    for index, reference in enumerate(order):
        marked = marked.replace(reference, f"${_MARK}{index} ")
    try:
        statements = [statement for statement in sqlglot.parse(marked, read="duckdb") if statement is not None]
    except (ParseError, TokenError) as error:
        said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
        raise SqlError("RNL-SQL-001", f"this is not valid SQL: {said}", "Write one SELECT over the inputs.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        what = f"there are {len(statements)} statements" if len(statements) != 1 else "this is no SELECT"
        raise SqlError("RNL-SQL-002", what, "Write exactly one SELECT, without a semicolon between.")
    query: Any = statements[0].unnest() if isinstance(statements[0], exp.Subquery) else statements[0]
    for problem in _unsafe(query):
        raise problem
    bound = [values[name] for name in order]
    return query.transform(lambda part: _valued(part, bound))  # type: ignore[no-any-return]


def _valued(part: exp.Expr, values: Sequence[Any]) -> exp.Expr:
    if isinstance(part, exp.Literal) and part.is_string and _MARK in part.this:
        raise SqlError("RNL-SQL-003", "a reference stands inside a quoted text, where it is not replaced",
                       "Leave the quotes away: `status = ${params.status}`.")  # fmt: skip
    if isinstance(part, exp.Parameter | exp.Placeholder):
        name = part.this.name if isinstance(part.this, exp.Expr) else str(part.this or "")
        if not name.startswith(_MARK):
            raise SqlError("RNL-SQL-003", f"`${name}` stands for nothing", "Write `${params.NAME}`.")
        return exp.convert(values[int(name.removeprefix(_MARK))])
    return part


def _unsafe(query: exp.Query) -> Iterator[SqlError]:
    for part in query.walk():
        if isinstance(part, exp.Into | exp.Lock | exp.Command | exp.DDL | exp.DML) and not isinstance(part, exp.Query):
            yield SqlError("RNL-SQL-002", f"`{part.sql('duckdb')[:40]}` does more than read", "Write one SELECT.")
        if isinstance(part, exp.TableSample):
            yield SqlError("RNL-SQL-006", "TABLESAMPLE draws other rows each time", "Put a table.sample before.")
        if isinstance(part, exp.Func):
            yield from _unsafe_function(part)


def _unsafe_function(part: exp.Func) -> Iterator[SqlError]:
    name = (part.name if isinstance(part, exp.Anonymous) else part.sql_name()).lower()
    if REFUSED.match(name) or name in REFUSED_NAMES:
        hint = "A file is read by a source node, which becomes an input of this one."
        yield SqlError("RNL-SQL-005", f"the function `{name}` reaches outside of the inputs", hint)
    if name in UNREPEATABLE:
        hint = "Compute it in a table.derive before, where now() is the moment at which the run began."
        yield SqlError("RNL-SQL-006", f"`{name}` gives something else each time", hint)


def over_inputs(query: exp.Query, inputs: Mapping[str, Relation]) -> exp.Query:
    """Put the inputs in place of the tables that the query names. Raises SqlError for other tables."""
    made = query.copy()
    lowered = {name.lower(): relation for name, relation in inputs.items()}
    own = {cte.alias.lower(): f"__with_{cte.alias}" for cte in made.find_all(exp.CTE)}
    for cte in made.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(own[cte.alias.lower()], quoted=True))
    for table in list(made.find_all(exp.Table)):
        if isinstance(table.this, exp.Func):
            _check_table_function(table.this)
            continue
        name = table.name.lower()
        if table.db or table.catalog or (name not in lowered and name not in own):
            close = difflib.get_close_matches(name, [*lowered, *own], n=1)
            hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Inputs: {', '.join(inputs)}."
            raise SqlError("RNL-SQL-004", f"there is no input `{table.sql('duckdb')}`", hint)
        alias = table.alias or table.name
        target = own[name] if name in own else lowered[name].name or ""
        table.set("this", exp.to_identifier(target, quoted=True))
        if not table.args.get("alias"):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return made


def _check_table_function(function: exp.Expr) -> None:
    name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()  # type: ignore[attr-defined]
    if name not in TABLE_FUNCTIONS and not isinstance(function, exp.Unnest | exp.GenerateSeries):
        hint = "A file is read by a source node, which becomes an input of this one."
        raise SqlError("RNL-SQL-005", f"the table function `{name}` reaches outside of the inputs", hint)


def output_columns(query: exp.Query, inputs: Mapping[str, Relation]) -> list[str]:
    """Return the names of the query's columns, `*` spelled out. Raises SqlError where they cannot be known."""
    schema = {name.lower(): {column.lower(): "text" for column in item.columns} for name, item in inputs.items()}
    exact = {column.lower(): column for item in inputs.values() for column in item.columns}
    named = _with_names(query)
    try:
        spelt = qualify(
            named.copy(), schema=dict(schema), dialect="duckdb", validate_qualify_columns=False, quote_identifiers=False
        )
    except SqlglotError as error:
        raise SqlError(
            "RNL-SQL-001", f"the columns of this query cannot be told: {error}", "Name them one by one."
        ) from error
    outer = {item.alias_or_name.lower(): item.alias_or_name for item in named.selects}
    found = [outer.get(name.lower()) or exact.get(name.lower(), name) for name in spelt.named_selects]
    if "*" in found or not found:
        raise SqlError("RNL-SQL-001", "`*` cannot be spelled out here", "Name the columns one by one.")
    if len({name.lower() for name in found}) < len(found):
        twice = next(name for name in found if [other.lower() for other in found].count(name.lower()) > 1)
        raise SqlError("RNL-COLUMN-002", f"two columns are called `{twice}`", "Give one of them another name with AS.")
    return found


def _with_names(query: exp.Query) -> exp.Query:
    """Give unnamed columns a name: the function's, or `column_N`."""
    made = query.copy()
    first: Any = made
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    for index, item in enumerate(list(first.expressions)):
        if isinstance(item, exp.Star | exp.Alias | exp.Column | exp.Aliases):
            continue
        called = item.sql_name().lower() if isinstance(item, exp.Func) and not isinstance(item, exp.Anonymous) else ""
        name = called or (item.name.lower() if isinstance(item, exp.Anonymous) else f"column_{index + 1}")
        item.replace(exp.alias_(item.copy(), exp.to_identifier(name, quoted=True)))
    return made
