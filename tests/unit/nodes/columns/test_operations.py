"""Operations on values, as people look for them: texts, patterns, dates, nested data, numbers, secrets."""

from __future__ import annotations

import hashlib

import pytest


def derived(rows, columns, given, types=None):
    """Return what one row becomes; the given columns are left out."""
    made = rows("table.derive", {"columns": columns}, input=[given], types={"input": types} if types else None)[0]
    return {name: made[name] for name in columns}


@pytest.mark.row("M-001-09", "M-003-271", "M-003-301", met_by="nodes/columns/derive.py")
def test_numbers_are_calculated_across_columns_and_later_columns_see_earlier_ones(rows):
    columns = {
        "net": "price * quantity",
        "tax": "round(net * rate / 100, 2)",
        "gross": "net + tax",
        "dearer": "greatest(price, net)",
    }
    found = derived(rows, columns, {"price": 4.5, "quantity": 3, "rate": 19})
    assert found == {"net": 13.5, "tax": pytest.approx(2.57), "gross": pytest.approx(16.07), "dearer": 13.5}


@pytest.mark.row("M-003-268", met_by="compiler/functions/text.py")
def test_a_field_is_brought_to_upper_lower_title_case_or_a_pattern(rows):
    columns = {"up": "upper(t)", "low": "lower(t)", "title": "title_case(t)", "padded": "lpad(to_text(n), 5, '0')"}
    found = derived(rows, columns, {"t": "gRay Desk", "n": 42})
    assert found == {"up": "GRAY DESK", "low": "gray desk", "title": "Gray Desk", "padded": "00042"}
    money = rows("table.number_format", {"columns": ["n"], "prefix": "$ "}, input=[{"n": 1234.5}])
    assert money == [{"n": "$ 1,234.50"}]


@pytest.mark.row("M-003-300", met_by="compiler/functions/text.py")
def test_texts_are_joined_split_replaced_and_formatted(rows):
    columns = {"joined": "concat_ws(' ', first, last)", "parts": "split(path, '/')", "second": "split_part(path, '/', 2)",
               "replaced": "replace(path, '/', ' > ')", "slug": "slugify(concat(first, ' & ', last))"}  # fmt: skip
    found = derived(rows, columns, {"first": "Ada", "last": "Byron", "path": "home/attic/box"})
    assert found == {"joined": "Ada Byron", "parts": ["home", "attic", "box"], "second": "attic",
                     "replaced": "home > attic > box", "slug": "ada-byron"}  # fmt: skip
    merged = rows(
        "table.merge_columns", {"columns": ["a", "b"], "into": "c", "separator": "-"}, input=[{"a": "x", "b": "y"}]
    )
    assert merged == [{"c": "x-y"}]


@pytest.mark.row("M-003-297", met_by="compiler/functions/regex.py")
def test_patterns_find_replace_and_take_texts_apart(rows):
    line = "2024-05-17 ERROR disk sda1 is 97% full"
    columns = {"percent": r"regex_extract(line, '(\d+)%', 1)", "hidden": r"regex_replace(line, '\d+', '#')",
               "numbers": r"regex_extract_all(line, '\d+')", "failed": "regex_matches(line, 'ERROR|FATAL')"}  # fmt: skip
    found = derived(rows, columns, {"line": line})
    assert found == {"percent": "97", "hidden": "#-#-# ERROR disk sda# is #% full",
                     "numbers": ["2024", "05", "17", "1", "97"], "failed": True}  # fmt: skip
    pattern = r"^(?P<day>\S+) (?P<level>[A-Z]+) (?P<text>.*)$"
    made = rows("table.extract", {"column": "line", "pattern": pattern, "keep": False}, input=[{"line": line}])
    assert made == [{"day": "2024-05-17", "level": "ERROR", "text": "disk sda1 is 97% full"}]


@pytest.mark.row("M-003-298", met_by="compiler/functions/dates.py")
def test_dates_are_read_calculated_and_written(rows):
    read = rows(
        "table.parse_date",
        {"columns": ["d"], "formats": ["%d.%m.%Y", "%Y/%m/%d"]},
        input=[{"d": "28.02.2024"}, {"d": "2024/12/31"}],
    )
    assert sorted(str(row["d"]) for row in read) == ["2024-02-28", "2024-12-31"]
    columns = {"next": "date_add(d, 2, 'day')", "quarter": "quarter(d)", "month": "date_trunc('month', d)",
               "until": "date_diff('day', d, DATE '2024-12-31')", "written": "format_date(d, '%d %b %Y')"}  # fmt: skip
    found = derived(rows, columns, {"d": "2024-02-28"}, {"d": "DATE"})
    assert [str(value)[:11] for value in found.values()] == ["2024-03-01", "1", "2024-02-01", "307", "28 Feb 2024"]


@pytest.mark.row("M-003-299", met_by="nodes/columns/extract_json.py")
def test_json_is_taken_apart_changed_and_put_together(rows):
    text = '{"user": {"name": "Ada"}, "tags": ["a", "b"], "n": 3}'
    config = {"column": "j", "paths": {"name": "user.name", "last": "tags[-1]", "n": "n"}, "types": {"n": "BIGINT"}}
    types = {"input": {"j": "VARCHAR"}}
    assert rows("table.extract_json", config, input=[{"j": text}], types=types) == [
        {"name": "Ada", "last": "b", "n": 3}
    ]
    columns = {"count": "json_array_length(json_extract(j, '$.tags'))", "whole": "json_integer(j, '$.n') + 1"}
    assert derived(rows, columns, {"j": text}, {"j": "VARCHAR"}) == {"count": 2, "whole": 4}
    flat = rows("table.flatten", {}, input=[{"id": 1, "user": {"name": "Ada", "home": {"city": "London"}}}])
    assert flat == [{"id": 1, "user_name": "Ada", "user_home_city": "London"}]


@pytest.mark.row("M-003-303", met_by="nodes/columns/hash.py")
def test_sensitive_fields_are_hashed_or_masked_and_the_plain_text_is_gone(rows):
    given = [{"mail": "ada@example.org", "card": "4111111111111111"}]
    salted = rows("table.hash", {"columns": ["mail"], "salt": "pepper"}, input=given)[0]
    assert salted["mail"] == hashlib.sha256(b"pepperada@example.org").hexdigest()
    plain = rows("table.hash", {"columns": ["mail"], "algorithm": "sha1"}, input=given)[0]
    assert plain["mail"] == hashlib.sha1(b"ada@example.org", usedforsecurity=False).hexdigest()
    masked = rows("table.mask", {"columns": ["card"]}, types={"input": {"card": "VARCHAR"}}, input=given)[0]
    assert masked["card"] == "************1111"


@pytest.mark.row("M-003-263", met_by="nodes/columns/standardise.py")
def test_what_is_incomplete_or_unclean_is_corrected(rows):
    given = [{"name": "  Ada \t Byron ", "fee": None}, {"name": " ", "fee": 3}]
    tidy = rows("table.standardise", {"columns": ["name"]}, input=given)
    assert sorted(row["name"] or "" for row in tidy) == ["", "Ada Byron"]
    filled = rows("table.fill", {"columns": ["fee"], "value": 0}, input=given)
    assert sorted(row["fee"] for row in filled) == [0, 3]


@pytest.mark.row("M-000-23", "M-003-242", met_by="nodes/columns/derive.py")
def test_fields_are_mapped_to_new_values_names_and_types(rows):
    given = [{"ID": "7", "colour": "r", "x": 1}]
    codes = "choose(colour = 'r', 'red', colour = 'g', 'green', 'other')"
    assert rows("table.derive", {"columns": {"colour": codes}}, input=given)[0]["colour"] == "red"
    assert list(rows("table.rename", {"columns": {"ID": "order_id"}}, input=given)[0]) == ["order_id", "colour", "x"]
    assert rows("table.cast", {"columns": {"ID": "BIGINT"}}, input=given)[0]["ID"] == 7
