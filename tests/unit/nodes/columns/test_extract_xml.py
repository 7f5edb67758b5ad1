"""table.extract_xml: what it does with values that do not fit, with many rows, and with hostile documents."""

from __future__ import annotations

import pytest

TYPES = {"input": {"x": "VARCHAR"}}
BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


def reasons(rows, config, *documents):
    found = rows("table.extract_xml", config, port="rejected", types=TYPES, input=[{"x": text} for text in documents])
    return [row["_reason"] for row in found]


def test_a_value_of_the_wrong_type_becomes_null_or_stops(rows):
    config = {"column": "x", "paths": {"n": "n"}, "types": {"n": "BIGINT"}, "on_error": "null"}
    given = [{"x": "<a><n>many</n></a>"}]
    assert rows("table.extract_xml", config, types=TYPES, input=given) == [{"n": None}]
    with pytest.raises(Exception, match="n is 'many', which is no BIGINT"):
        rows("table.extract_xml", {**config, "on_error": "fail"}, types=TYPES, input=given)


def test_one_wrong_element_of_a_list_refuses_the_row(rows):
    config = {"column": "x", "paths": {"n": "n"}, "types": {"n": "BIGINT[]"}}
    good, bad = "<a><n>1</n><n/><n>3</n></a>", "<a><n>1</n><n>two</n></a>"
    assert rows("table.extract_xml", config, types=TYPES, input=[{"x": good}, {"x": bad}]) == [{"n": [1, None, 3]}]
    assert reasons(rows, config, good, bad) == ["x: n is '[1, two]', which is no BIGINT[]"]


def test_a_missing_document_is_not_refused(rows):
    config = {"column": "x", "paths": {"n": "n", "l": "l"}, "types": {"n": "BIGINT", "l": "DATE[]"}, "keep": True}
    assert rows("table.extract_xml", config, types=TYPES, input=[{"x": None}]) == [{"x": None, "n": None, "l": None}]


def test_documents_that_are_dangerous_are_refused_with_the_reason(rows):
    found = reasons(rows, {"column": "x", "paths": {"l": "."}}, BOMB, "<a>" * 400 + "</a>" * 400)
    assert sorted(found) == [
        "x: elements are nested more than 256 deep",
        "x: the document has a document type with declarations of its own, which are never followed",
    ]


@pytest.mark.row("M-003-299", met_by="nodes/columns/extract_xml.py")
def test_every_row_of_several_batches_keeps_its_values(rows):
    given = [{"x": None if i % 7 == 0 else f"<a><n>{i}</n></a>" if i % 5 else "<a"} for i in range(6000)]
    config = {"column": "x", "paths": {"n": "n"}, "types": {"n": "BIGINT"}}
    made = [row["n"] for row in rows("table.extract_xml", config, types=TYPES, input=given)]
    expected = [None if i % 7 == 0 else i for i in range(6000) if i % 7 == 0 or i % 5]
    assert sorted(made, key=str) == sorted(expected, key=str)


def test_the_column_may_be_replaced_by_a_value_of_it(rows):
    config = {"column": "x", "paths": {"x": "b"}}
    assert rows("table.extract_xml", config, types=TYPES, input=[{"x": "<a><b> 1 </b></a>"}]) == [{"x": "1"}]


def test_expressions_read_xml_and_refuse_what_is_none(rows):
    config = {"columns": {"n": "CAST(xml_text(x, 'n') AS BIGINT)", "ok": "is_xml(x)", "d": "xml_exists(x, '@d')"}}
    given = [{"x": '<a d=""><n>5</n></a>'}, {"x": "<a"}, {"x": None}]
    made = rows("table.derive", config, types=TYPES, input=given)
    assert made == [
        {"x": '<a d=""><n>5</n></a>', "n": 5, "ok": True, "d": True},
        {"x": None, "n": None, "ok": None, "d": None},
    ]
    assert len(rows("table.derive", config, port="rejected", types=TYPES, input=given)) == 1
