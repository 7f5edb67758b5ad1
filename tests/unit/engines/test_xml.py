"""The engine's XML functions: what is found, what is refused and why, and that the oracle types them alike."""

from __future__ import annotations

import duckdb
import pytest

from runnel.engines.duckdb.functions import FUNCTIONS, declare_functions, register_functions
from runnel.engines.duckdb.xml import MAX_BYTES, XmlError, extracted


def found(document: str, path: str, namespaces: str = "") -> list[str | None]:
    return extracted(document, path, namespaces)[0]


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("b", ["1", None, "x y"]),
        ("/a/@i", ["5"]),
        ("b[3]/c", ["x"]),
        ("//c", ["x"]),
        ("b[c]/xml()", ["<b><c>x</c> y</b>"]),
        ("b[last()]/text()", ["y"]),
        ("b[@k='v']", [None]),
        (".", ["1x y"]),
        ("nope", []),
        ("@*", ["5"]),
    ],
)
def test_a_path_leads_to_texts(path, texts):
    assert found('<a i="5"><b>1<!-- no --></b><b k="v"/><b><c>x</c> y</b></a>', path) == texts


def test_a_bare_name_means_any_namespace_and_a_prefixed_one_its_own():
    document = '<a xmlns="urn:one" xmlns:o="urn:two"><b>1</b><o:b>2</o:b></a>'
    assert found(document, "b") == ["1", "2"]
    assert found(document, "p:b", "p=urn:two") == ["2"]
    with pytest.raises(XmlError, match="no namespace is given for `q`"):
        found(document, "q:b", "p=urn:two")


def test_a_declared_encoding_does_not_matter_to_text_that_is_decoded():
    assert found('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', ".") == ["é"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('<!DOCTYPE l [<!ENTITY a "x">]><l>&a;</l>', "declarations of its own"),
        ('<?xml version="1.0"?><!-- [ --><!DOCTYPE l SYSTEM "a>[" [<!ENTITY % p SYSTEM "file:///etc/passwd">]><l/>', "decl"),
        ('<!DOCTYPE l SYSTEM "http://localhost:1/x.dtd"><l>&secret;</l>', "refers to entities"),
        ("<l>&secret;</l>", "Entity 'secret' not defined"),
        ("<a>" * 300 + "</a>" * 300, "nested more than 256 deep"),
        (f"<a>{'x' * MAX_BYTES}</a>", "bytes, and 16777216 are allowed"),
        (f"<a>{'x' * 11_000_000}</a>", "too long"),
        ("<a>\n<b></a>", r"no XML: .*\(line 2\)"),
        ("", "no XML: Document is empty"),
    ],
)
def test_a_document_that_cannot_be_trusted_or_read_is_refused_with_the_reason(document, reason):
    with pytest.raises(XmlError, match=reason):
        found(document, ".")


def test_a_document_type_without_declarations_is_read_and_nothing_is_fetched():
    assert found('<!DOCTYPE l SYSTEM "http://localhost:1/x.dtd"><l>1</l>', ".") == ["1"]


def test_the_oracle_types_the_functions_as_the_engine_does():
    typed, real = duckdb.connect(), duckdb.connect()
    declare_functions(typed)
    register_functions(real, " ".join(f"{function.name}(" for function in FUNCTIONS))
    for function in FUNCTIONS:
        query = f"DESCRIBE SELECT {function.name}({', '.join(chr(39) * 2 for _ in function.params)}) AS c"
        assert typed.execute(query).fetchall() == real.execute(query).fetchall(), function.name


def test_a_condition_on_the_result_does_not_read_the_documents_again(monkeypatch):
    from runnel.engines.duckdb import xml

    seen: list[int] = []
    whole = xml.xml_batch

    def counted(documents, paths, namespaces):
        seen.append(len(documents))
        return whole(documents, paths, namespaces)

    monkeypatch.setattr(xml, "xml_batch", counted)
    connection = duckdb.connect()
    register_functions(connection, "runnel_xml(")
    inner = "SELECT runnel_xml('<a>' || range || '</a>', '.', '') AS r FROM range(5000)"
    rows = connection.execute(f"SELECT r.found[1][1] FROM ({inner}) WHERE r.problem IS NULL").fetchall()
    assert len(rows) == 5000 and sum(seen) == 5000


def test_the_cursors_of_one_database_share_the_functions():
    database = duckdb.connect()
    for _ in range(2):
        cursor = database.cursor()
        register_functions(cursor, "runnel_xml_list(")
        register_functions(cursor, "runnel_xml_list(")
        assert cursor.execute("SELECT runnel_xml_list('<a>1</a>', '.', '')").fetchall() == [(["1"],)]
        cursor.close()
    assert database.execute("SELECT runnel_xml_list('<a>2</a>', '.', '')").fetchall() == [(["2"],)]
