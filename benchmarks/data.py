"""Generated input, the same bytes each time, kept in benchmarks/.data."""

from __future__ import annotations

from pathlib import Path

import duckdb

FOLDER = Path(__file__).parent / ".data"


def _made(name: str, query: str, options: str) -> Path:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / name
    if not path.exists():
        part = path.with_suffix(".part")
        duckdb.connect().execute(f"COPY ({query}) TO '{part}' ({options})")
        part.rename(path)
    return path


def orders(rows: int = 10_000_000) -> Path:
    """Orders as CSV: 57 bytes a row, eight columns, of which five are used."""
    query = f"""SELECT i AS order_id, (hash(i*7+1)%100000)::INT AS customer_id,
        ['paid','open','cancelled'][1+(hash(i*13)%3)::INT] AS status,
        round((hash(i*17)%100000)/100.0,2)::DECIMAL(10,2) AS price, 1+(hash(i*19)%9)::INT AS quantity,
        (DATE '2023-01-01' + (hash(i*23)%1000)::INT) AS day, 'note '||(hash(i*29)%1000000) AS note,
        ['web','shop','phone'][1+(hash(i*31)%3)::INT] AS channel FROM range({rows}) t(i)"""
    return _made(f"orders_{rows}.csv", query, "FORMAT csv, HEADER")


def customers() -> Path:
    """100,000 customers as CSV."""
    query = """SELECT i AS customer_id, 'name '||i AS name,
        ['DE','FR','NL','IT','AT','ES','PL','SE'][1+(hash(i*37)%8)::INT] AS country FROM range(100000) t(i)"""
    return _made("customers.csv", query, "FORMAT csv, HEADER")


def events(rows: int = 2_000_000) -> Path:
    """Nested events as NDJSON; one line of a thousand is broken."""
    query = f"""SELECT '{{"id":'||i||',"user":{{"name":"'||['anna o''neill','bob smith','carla de vries'][1+(hash(i)%3)::INT]
        ||'","email":"u'||(hash(i*3)%90000)||CASE WHEN hash(i*5)%50=0 THEN 'bad' ELSE '@example.com' END
        ||'","address":{{"city":"City '||(hash(i*7)%500)||'","zip":"'||lpad((hash(i*11)%99999)::VARCHAR,5,'0')
        ||'"}}}},"type":"'||['click','view','buy'][1+(hash(i*13)%3)::INT]||'","amount":'||(hash(i*17)%100000)/100.0
        ||',"tags":["a","b'||(hash(i*19)%10)||'"],"ts":"2026-01-'||lpad((1+hash(i*23)%28)::VARCHAR,2,'0')
        ||'T10:00:00Z"}}'||CASE WHEN hash(i*31)%1000=0 THEN '}}' ELSE '' END AS l FROM range({rows}) t(i)"""
    return _made(f"events_{rows}.ndjson", query, "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'")


def sales(rows: int = 1_000_000) -> Path:
    """A million sales as CSV, 66 MB, eight columns."""
    query = f"""SELECT i AS id, DATE '2024-01-01' + (hash(i)%700)::INT AS day, 'customer '||(hash(i*3)%5000) AS customer,
        ['DE','FR','NL','IT','AT'][1+(hash(i*5)%5)::INT] AS country, 'product-'||(hash(i*7)%300) AS product,
        1+(hash(i*11)%20)::INT AS quantity, round((hash(i*13)%100000)/100.0,2)::DECIMAL(10,2) AS price,
        ['paid','open','cancelled'][1+(hash(i*17)%3)::INT] AS status FROM range({rows}) t(i)"""
    return _made(f"sales_{rows}.csv", query, "FORMAT csv, HEADER")
