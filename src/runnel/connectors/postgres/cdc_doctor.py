"""What a database needs before its changes can be followed: each thing that is missing, with the SQL that brings it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.postgres.cdc_session import Table, quoted
from runnel.errors import AuthoringError

_SERVER = """
SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int, (SELECT count(*) FROM pg_replication_slots),
    current_setting('max_wal_senders')::int, (SELECT count(*) FROM pg_stat_replication),
    (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user), current_user,
    has_database_privilege(current_database(), 'CREATE'), current_database(), current_setting('server_version_num')::int,
    pg_is_in_recovery()
"""


Ask = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query and returns its rows."""


@dataclass(frozen=True)
class Problem:
    """One thing that is missing; `sql` mends it, `stops` says whether nothing works before."""

    what: str
    sql: str
    stops: bool = True


def server_problems(ask: Ask) -> list[Problem]:
    """Look at the server and at the rights of the user."""
    level, slots, used, senders, sending, may, user, creates, database, version, standby = ask(_SERVER)[0]
    ours = ask("SELECT 1 FROM pg_replication_slots WHERE database = current_database() AND slot_name LIKE 'runnel%'")
    found: list[Problem] = []
    if version < 140000:
        found.append(Problem(f"the server is PostgreSQL {version // 10000}; 14 or later is needed", ""))
    if standby:
        found.append(Problem("the server is a standby; connect to the primary", ""))
    if level != "logical":
        sql = "ALTER SYSTEM SET wal_level = 'logical'; -- then restart the server"
        found.append(Problem(f"wal_level is {level}", sql))
    if not ours and used >= slots:
        sql = f"ALTER SYSTEM SET max_replication_slots = {slots + 10}; -- then restart the server"
        found.append(Problem(f"all {slots} replication slots are in use", sql))
    if sending >= senders:
        sql = f"ALTER SYSTEM SET max_wal_senders = {senders + 10}; -- then restart the server"
        found.append(Problem(f"all {senders} senders (max_wal_senders) are in use", sql))
    if not may:
        found.append(Problem(f"the user {user} may not replicate", f"ALTER ROLE {quoted(user)} REPLICATION;"))
    if not creates:
        sql = f"GRANT CREATE ON DATABASE {quoted(database)} TO {quoted(user)};"
        found.append(Problem(f"the user {user} may not make a publication", sql))
    return found


def table_problems(wanted: Sequence[Table], user: str, snapshot: bool) -> list[Problem]:
    """Look at tables: who owns them, whether they may be read, whether their rows can be told apart."""
    found: list[Problem] = []
    for table in wanted:
        if not table.owned:
            sql = f"ALTER TABLE {table.sql} OWNER TO {quoted(user)}; -- or make {quoted(user)} a member of its owner"
            found.append(Problem(f"the user {user} does not own {table.full}, and cannot publish it", sql))
        if snapshot and not table.readable:
            found.append(Problem(f"the user {user} may not read {table.full}", f"GRANT SELECT ON {table.sql} TO {quoted(user)};"))
        if not table.key and (snapshot or table.identity != "f"):
            sql = f"ALTER TABLE {table.sql} ADD PRIMARY KEY (…); -- without a snapshot REPLICA IDENTITY FULL is enough"
            found.append(Problem(f"{table.full} has no primary key", sql))
        elif table.identity == "n":
            sql = f"ALTER TABLE {table.sql} REPLICA IDENTITY DEFAULT;"
            found.append(Problem(f"{table.full} has the replica identity NOTHING: updates and deletes fail", sql))
        elif table.identity == "d":
            sql = f"ALTER TABLE {table.sql} REPLICA IDENTITY FULL;"
            found.append(Problem(f"{table.full} gives only keys of earlier rows (`_before`)", sql, stops=False))
    return found


def check(problems: Sequence[Problem], id: str) -> tuple[str, ...]:
    """Raise AuthoringError for what stops, all of it at once; return the rest as notes."""
    stopping = [problem for problem in problems if problem.stops]
    if stopping:
        what = f"{id}: changes cannot be followed: " + "; ".join(problem.what for problem in stopping)
        hint = " ".join(problem.sql for problem in stopping if problem.sql) or "Use another server."
        raise AuthoringError("RNL-CDC-002", what, hint)
    return tuple(f"{problem.what}; for all columns: {problem.sql}" for problem in problems)


def readiness(ask: Ask) -> str:
    """Say in a few words whether changes could be followed over a connection."""
    problems = [problem for problem in server_problems(ask) if problem.stops]
    if not problems:
        return "changes can be followed"
    return "changes cannot be followed yet: " + "; ".join(
        f"{problem.what} ({problem.sql})" if problem.sql else problem.what for problem in problems
    )
