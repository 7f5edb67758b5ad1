"""DuckDB in a worker: the 29 probes against a locked connection, and against a plain one behind the outer wall."""

import pytest

from runnel.sandbox import Grant, Limits, capabilities

LANDLOCK = capabilities()["landlock_abi"] > 0

REFUSED = {
    "read_csv": "select * from read_csv('{secret}')",
    "sniff_csv": "select * from sniff_csv('{secret}')",
    "read_text": "select * from read_text('{secret}')",
    "read_blob": "select * from read_blob('{secret}')",
    "file name scan": "select * from '{secret}'",
    "glob": "select * from glob('{outside}/*.nothing') union all select 'x' where exists (from glob('{outside}/*'))",
    "copy out": "copy (select 1) to '{outside}/out.csv'",
    "copy in": "create table t(x text); copy t from '{secret}'",
    "attach duckdb": "attach '{outside}/x.duckdb' as x",
    "attach sqlite": "attach '{outside}/x.sqlite' as y (type sqlite)",
    "install": "install httpfs",
    "load": "load httpfs",
    "load path": "load '{outside}/x.duckdb_extension'",
    "getenv": "select getenv('PATH')",
    "http": "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "export": "export database '{outside}/export'",
    "import": "import database '{outside}/export'",
    "make a secret": "create persistent secret s (type s3, key_id 'a', secret 'b')",
    "external access on": "set enable_external_access = true",
    "reset lock": "reset lock_configuration",
    "memory": "set memory_limit = '900GB'",
    "temp folder": "set temp_directory = '{outside}'",
    "profiling": "set enable_profiling = 'json'",
    "profiling output": "set profiling_output = '{outside}/profile.json'",
    "log path": "set log_query_path = '{outside}/log.txt'",
    "call logging": "call enable_logging(storage='file', storage_path='{outside}/log')",
    "python scan": "select * from secret",
    "python module scan": "select * from SECRET_IN_PROCESS",
    "dots": "select * from read_text('{granted}/../secret.csv')",
    "symlink": "select * from read_text('{granted}/way_out')",
    "threads": "set threads = 64",
    "query_table": "select * from query_table('{secret}')",
    "query": "from query('select * from read_text(''{secret}'')')",
}
#: Listed as harmless in the measurements: these show settings or run SQL, but reach nothing.
HARMLESS = {
    "list settings": "select count(*) > 0 from duckdb_settings()",
    "list secrets": "select count(*) from duckdb_secrets()",
    "two statements": "select 1; select 2",
    "query()": "from query('select 1')",
}


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "granted").mkdir()
    (tmp_path / "staging").mkdir()
    (tmp_path / "granted" / "in.csv").write_text("a,b\n1,x\n2,y\n")
    (tmp_path / "secret.csv").write_text("secret\n")
    (tmp_path / "granted" / "way_out").symlink_to(tmp_path / "secret.csv")
    return tmp_path


@pytest.fixture
def query(zygote, folders):
    def run(statements, **options):
        names = {"granted": folders / "granted", "outside": folders, "secret": folders / "secret.csv"}
        filled = {name: text.format(**names) for name, text in statements.items()}
        grant = Grant(read=(folders / "granted",), write=(folders / "staging",))
        payload = {"statements": filled, "folders": [str(folders / "granted")], **options}
        return zygote.run("sandbox_probes:sql", payload, grant, Limits(timeout_seconds=30, memory_bytes=1 << 30))[
            "found"
        ]

    return run


def test_every_probe_is_refused_by_a_locked_connection(query, folders):
    found = query(REFUSED)
    assert {name: outcome for name, outcome in found.items() if not outcome.startswith("refused")} == {}
    assert sorted(path.name for path in folders.iterdir()) == ["granted", "secret.csv", "staging"]


def test_what_stays_possible_reaches_nothing(query):
    found = query(HARMLESS)
    assert [outcome.startswith("done") for outcome in found.values()] == [True] * len(HARMLESS)
    assert found["list secrets"] == "done: [(0,)]"


def test_a_granted_file_is_read_and_its_folder_is_safe_from_copy(query, folders):
    found = query({"read": "from '{granted}/in.csv'", "write": "copy (select 1) to '{granted}/out.csv'"})
    assert found["read"] == "done: [(1, 'x'), (2, 'y')]"
    if LANDLOCK:
        assert found["write"].startswith("refused")
        assert not (folders / "granted" / "out.csv").exists()
    else:
        assert capabilities()["weaknesses"]


def test_a_single_granted_file_does_not_grant_its_folder(query, folders):
    (folders / "granted" / "neighbour.csv").write_text("a\n1\n")
    statements = {"granted": "from '{granted}/in.csv'", "neighbour": "from '{granted}/neighbour.csv'"}
    found = query(statements, folders=[], files=[str(folders / "granted" / "in.csv")])
    assert found["granted"].startswith("done")
    assert found["neighbour"].startswith("refused")


def test_the_outer_wall_holds_where_duckdb_is_not_locked(query, folders):
    names = ("read_csv", "read_text", "read_blob", "copy out", "attach duckdb", "http", "export", "symlink", "dots")
    found = query({name: REFUSED[name] for name in names}, plain=True)
    if LANDLOCK:
        assert {name: outcome for name, outcome in found.items() if not outcome.startswith("refused")} == {}
    else:
        assert capabilities()["weaknesses"]


def test_a_sort_larger_than_memory_spills_into_the_granted_folder(query, folders):
    sort = {"sort": "select count(*) from (select hash(range) h from range(8000000) order by h offset 1)"}
    found = query(sort, memory_bytes=48 << 20, spill=str(folders / "staging"))
    assert found["sort"] == "done: [(7999999,)]"
    without = query(sort, memory_bytes=48 << 20)
    assert without["sort"].startswith("refused: OutOfMemory")


def test_times_and_zones_work_inside(query):
    zone = "select timezone('Europe/Berlin', timestamptz '2025-07-01 12:00:00+00')::text"
    found = query({"zone": zone, "tz": "select current_setting('TimeZone')"})
    assert found == {"zone": "done: [('2025-07-01 14:00:00',)]", "tz": "done: [('UTC',)]"}
