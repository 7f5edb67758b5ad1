"""The state folder of an older program is upgraded with a backup first; one of a newer program is refused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from building import fresh_folder
from integration.store.stores import fresh_database
from runnel.errors import ConnectorError
from runnel.model.loading import from_mapping
from runnel.store import Store
from runnel.store.opening import make_engine
from runnel.store.upgrading import HEAD, MIGRATIONS, current_revision, upgrade

NEXT = '''"""A later revision."""
import sqlalchemy as sa
from alembic import op
revision = "9001"
down_revision = "{head}"
def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("runs") as batch:
        batch.add_column(sa.Column("note", sa.Text, nullable=False, server_default="none"))
        batch.alter_column("cause", type_=sa.String(200))
    op.execute("UPDATE runs SET note = 'upgraded'")
    {then}
'''


def migrations(folder: Path, then: str = "pass") -> Path:
    """The real revisions and one more."""
    made = folder / "migrations"
    shutil.copytree(MIGRATIONS, made, ignore=shutil.ignore_patterns("__pycache__"))
    (made / "versions" / "9001_later.py").write_text(NEXT.format(head=HEAD, then=then))
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def state(request) -> Iterator[tuple[sa.Engine, Path]]:
    """The state of an older program with data in every table that hangs on another."""
    with fresh_folder() as home:
        url = f"sqlite:///{home / 'runnel.db'}" if request.param == "sqlite" else fresh_database(request.getfixturevalue("server"))
        store = Store.open(url, home)
        for number in range(3):
            run = store.runs.start("p", "v", {"n": number})
            store.runs.journal(run.id).task_started("t", ("n",))
            store.runs.finish(run.id, "success", "timeout", {"seconds": 1.0}, None, [{"node": "n", "in": number}])
        pipeline, _ = from_mapping({"runnel": 1, "name": "p", "nodes": {"a": {"kind": "source.rows", "config": {"rows": []}}}})
        store.versions.put("p", "text", "meaning", pipeline)
        store.secrets.set("s", "hidden")
        store.close()
        engine = make_engine(url)
        yield engine, home
        engine.dispose()


def counts(engine: sa.Engine) -> dict[str, int]:
    tables = ("runs", "tasks", "ledger", "versions", "secrets", "pipelines")
    with engine.connect() as connection:
        return {table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def columns(engine: sa.Engine, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(engine).get_columns(table)}


def test_the_revision_that_the_program_names_is_the_newest():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_the_tables_of_the_newest_revision_are_those_that_the_program_uses(state):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from runnel.store.tables import metadata

    engine, _ = state
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_older_state_is_upgraded_and_keeps_every_row(state, tmp_path):
    engine, home = state
    before = counts(engine)
    backup = upgrade(engine, home, migrations(tmp_path), "9001")
    assert counts(engine) == before == {"runs": 3, "tasks": 3, "ledger": 3, "versions": 1, "secrets": 1, "pipelines": 1}
    assert current_revision(engine) == "9001" and "note" in columns(engine, "runs")
    with engine.connect() as connection:
        assert set(connection.execute(sa.text("SELECT note FROM runs")).scalars()) == {"upgraded"}
        if engine.dialect.name == "sqlite":
            assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
    assert (backup is not None) == (engine.dialect.name == "sqlite")
    assert upgrade(engine, home, tmp_path / "migrations", "9001") is None


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)  # PostgreSQL has backups of its own
def test_the_backup_opens_and_has_the_old_data(state, tmp_path):
    engine, home = state
    before = counts(engine)
    backup = upgrade(engine, home, migrations(tmp_path), "9001")
    assert backup is not None and backup.parent == home / "backups"
    with sqlite3.connect(backup) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(backup, restored / "runnel.db")
    shutil.copy(home / "key", restored / "key")
    opened = Store.open(f"sqlite:///{restored / 'runnel.db'}", restored)
    assert counts(opened.engine) == before and opened.secrets.reveal("s") == "hidden"
    assert "note" not in columns(opened.engine, "runs") and current_revision(opened.engine) == HEAD
    opened.close()


@pytest.mark.parametrize("then", ["raise RuntimeError('half way')", "op.execute('UPDATE nothing SET a = 1')", "1 / 0"])
def test_an_upgrade_that_breaks_leaves_the_old_state_and_names_the_backup(state, tmp_path, then):
    engine, home = state
    before = counts(engine), columns(engine, "runs"), sorted(sa.inspect(engine).get_table_names())
    with pytest.raises(ConnectorError) as caught:
        upgrade(engine, home, migrations(tmp_path, then), "9001")
    assert caught.value.code == "RNL-STATE-002" and "as it was" in caught.value.hint
    assert (counts(engine), columns(engine, "runs"), sorted(sa.inspect(engine).get_table_names())) == before
    assert current_revision(engine) == HEAD
    if engine.dialect.name == "sqlite":
        backup = next((home / "backups").glob("*.db"))
        assert str(backup) in caught.value.hint
        with engine.connect() as connection:
            assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
    assert "password" not in caught.value.what
    shutil.rmtree(tmp_path / "migrations")
    upgrade(engine, home, migrations(tmp_path), "9001")
    assert current_revision(engine) == "9001"


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)  # PostgreSQL refuses such a row itself
def test_an_upgrade_that_leaves_rows_without_their_run_is_taken_back(state, tmp_path):
    engine, home = state
    before = counts(engine)
    with pytest.raises(ConnectorError, match="point at rows that are gone"):
        upgrade(engine, home, migrations(tmp_path, "op.execute('DELETE FROM runs')"), "9001")
    assert counts(engine) == before


KILLED = """
import os, sys; sys.path[:0] = [{src!r}]
from pathlib import Path
from runnel.store.opening import make_engine
from runnel.store.upgrading import upgrade
upgrade(make_engine({url!r}), Path({home!r}), Path({migrations!r}), "9001")
"""


def in_process(engine: sa.Engine, home: Path, made: Path) -> subprocess.Popen[bytes]:
    src = str(Path(__file__).resolve().parents[3] / "src")
    text = KILLED.format(src=src, url=engine.url.render_as_string(hide_password=False), home=str(home), migrations=str(made))
    return subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE)


def test_an_upgrade_that_is_killed_leaves_the_old_state(state, tmp_path):
    engine, home = state
    before = counts(engine), columns(engine, "runs")
    made = migrations(tmp_path, "import os; os.kill(os.getpid(), 9)")
    process = in_process(engine, home, made)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert (counts(engine), columns(engine, "runs")) == before and current_revision(engine) == HEAD


def test_of_processes_that_open_an_old_state_at_once_one_upgrades_it(state, tmp_path):
    engine, home = state
    before = counts(engine)
    made = migrations(tmp_path, "import time; time.sleep(0.5)")
    processes = [in_process(engine, home, made) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert counts(engine) == before and current_revision(engine) == "9001"


def test_of_processes_that_make_a_new_state_at_once_all_find_it():
    src = str(Path(__file__).resolve().parents[3] / "src")
    with fresh_folder() as home:
        text = f"import sys; sys.path[:0] = [{src!r}]\nfrom pathlib import Path\nfrom runnel.store import Store\n" \
               f"Store.open('sqlite:///{home / 'runnel.db'}', Path('{home}')).runs.start('p', 'v', {{}})"  # fmt: skip
        processes = [subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE) for _ in range(4)]
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors.decode()
        opened = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        assert len(opened.runs.list()) == 4
        opened.close()


def test_a_state_of_a_newer_program_is_refused_and_not_touched(state, tmp_path):
    engine, home = state
    upgrade(engine, home, migrations(tmp_path), "9001")
    before = counts(engine), columns(engine, "runs")
    backups = sorted((home / "backups").glob("*")) if (home / "backups").exists() else []
    with pytest.raises(ConnectorError) as caught:
        Store.open(engine.url.render_as_string(hide_password=False), home)
    assert caught.value.code == "RNL-STATE-001" and "revision 9001" in caught.value.what and HEAD in caught.value.what
    if backups:
        assert str(backups[-1]) in caught.value.hint
    assert (counts(engine), columns(engine, "runs")) == before and current_revision(engine) == "9001"
    assert (sorted((home / "backups").glob("*")) if (home / "backups").exists() else []) == backups


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)  # PostgreSQL has backups of its own
def test_without_a_whole_backup_nothing_is_upgraded(state, tmp_path):
    engine, home = state
    (home / "backups").mkdir()
    (home / "backups" / "blocked").write_text("")
    from runnel.store import upgrading

    original = upgrading.sqlite3.connect
    calls: list[object] = []

    def connect(path, *given, **named):
        if str(path).endswith(".part"):
            calls.append(path)
            raise sqlite3.OperationalError("database or disk is full")
        return original(path, *given, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(upgrading.sqlite3, "connect", connect)
        with pytest.raises(ConnectorError, match="disk is full"):
            upgrade(engine, home, migrations(tmp_path), "9001")
    assert calls and current_revision(engine) == HEAD
    assert [item.name for item in (home / "backups").iterdir()] == ["blocked"]
