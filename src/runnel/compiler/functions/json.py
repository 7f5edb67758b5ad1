"""JSON values: reading parts by path, asking about them, making them."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn

_PATH = "Paths are `$.name`, `$[0]`, `$.a[1].b` or a bare key. "
_TEXT_KEPT = "DuckDB keeps JSON as text; jsonb reorders keys, drops duplicates and rewrites numbers"

FUNCTIONS = (
    fn(
        "json_text(value: jsontext, path: text) -> VARCHAR",
        "The part at a path, as text.",
        _PATH + "Texts lose their quotes, objects and lists stay JSON text; NULL for a missing part and for JSON null. "
        "The operator ->> is the same. Text that is no JSON fails.",
        ('json_text(\'{"a": {"b": "x"}}\', \'$.a.b\')', "'x'"),
        ("json_text('{}', '$.a')", "NULL"),
        aliases=("json_extract_string", "json_extract_path_text"),
        build="json_extract_string(:value, :path)",
        postgres=Unsupported("numbers and nested parts are written otherwise"),
        may_fail=True,
        nulls="NULL when an argument is NULL, the part is missing or JSON null.",
    ),
    fn(
        "json_extract(value: jsontext, path: text) -> JSON",
        "The part at a path, as JSON.",
        _PATH + "The operator -> is the same. Text that is no JSON fails.",
        ("json_extract('{\"a\": [1, 2]}', '$.a[1]')", "CAST('2' AS JSON)"),
        aliases=("json_query", "json_extract_path"),
        may_fail=True,
        nulls="NULL when an argument is NULL or the part is missing.",
        postgres=Unsupported(_TEXT_KEPT),
    ),
    fn(
        "json_number(value: jsontext, path: text) -> DOUBLE",
        "The part at a path, as a number.",
        _PATH + "NULL for a part that is no number.",
        ("json_number('{\"a\": 1.5}', '$.a')", "1.5"),
        ("json_number('{\"a\": \"x\"}', '$.a')", "NULL"),
        build="TRY_CAST(json_extract_string(:value, :path) AS DOUBLE)",
        may_fail=True,
    ),
    fn(
        "json_integer(value: jsontext, path: text) -> BIGINT",
        "The part at a path, as an integer.",
        _PATH + "NULL for a part that is no number; fractions are rounded.",
        ("json_integer('{\"a\": 7}', '$.a')", "7"),
        build="TRY_CAST(json_extract_string(:value, :path) AS BIGINT)",
        may_fail=True,
    ),
    fn(
        "json_boolean(value: jsontext, path: text) -> BOOLEAN",
        "The part at a path, as a boolean.",
        _PATH + "NULL for a part that is neither true nor false.",
        ("json_boolean('{\"a\": true}', '$.a')", "TRUE"),
        build="CASE json_extract_string(:value, :path) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
        postgres=Unsupported("numbers and nested parts are written otherwise"),
        may_fail=True,
    ),
    fn(
        "json_exists(value: jsontext, path: text) -> BOOLEAN",
        "Whether a part exists.",
        _PATH + "TRUE for a part that is JSON null.",
        ("json_exists('{\"a\": null}', '$.a')", "TRUE"),
        may_fail=True,
    ),
    fn(
        "json_type(value: jsontext, path: text = '$') -> VARCHAR",
        "What a part is.",
        _PATH + "One of object, array, text, number, boolean, null; NULL for a missing part.",
        ("json_type('{\"a\": [1]}', '$.a')", "'array'"),
        ("json_type('1.5')", "'number'"),
        may_fail=True,
        build="CASE json_type(:value, :path) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' "
        "THEN 'text' WHEN 'BOOLEAN' THEN 'boolean' "
        "WHEN 'NULL' THEN 'null' WHEN 'BIGINT' THEN 'number' WHEN 'UBIGINT' THEN 'number' WHEN 'DOUBLE' THEN "
        "'number' WHEN 'HUGEINT' THEN 'number' END",
    ),
    fn(
        "json_array_length(value: jsontext, path: text = '$') -> BIGINT",
        "How many elements a JSON list has.",
        "0 for what is no list; NULL for a missing part.",
        ("json_array_length('[1, 2, 3]')", "3"),
        build="CAST(json_array_length(:value, :path) AS BIGINT)",
        may_fail=True,
    ),
    fn(
        "json_keys(value: jsontext, path: text = '$') -> VARCHAR[]",
        "The names in a JSON object.",
        "In their order; an empty list for what is no object.",
        ('json_keys(\'{"b": 1, "a": 2}\')', "['b', 'a']"),
        may_fail=True,
        postgres=Unsupported(_TEXT_KEPT),
    ),
    fn(
        "json_list(value: jsontext, path: text = '$') -> VARCHAR[]",
        "The elements of a JSON list, as texts.",
        "NULL for what is no list of values.",
        ("json_list('[\"a\", 1]')", "['a', '1']"),
        build="TRY_CAST(json_extract(:value, :path) AS VARCHAR[])",
        may_fail=True,
        postgres=Unsupported(_TEXT_KEPT),
    ),
    fn(
        "parse_json(text: text) -> JSON",
        "Text read as JSON.",
        "Fails for text that is no JSON.",
        ("parse_json('{\"a\": 1}')", "CAST('{\"a\": 1}' AS JSON)"),
        build="CAST(:text AS JSON)",
        may_fail=True,
        postgres=Unsupported(_TEXT_KEPT),
    ),
    fn(
        "try_parse_json(text: text) -> JSON",
        "Text read as JSON, else NULL.",
        "NULL for text that is no JSON.",
        ("try_parse_json('{')", "NULL"),
        build="TRY_CAST(:text AS JSON)",
        nulls="NULL for NULL and for text that is no JSON.",
        postgres=Unsupported("PostgreSQL 15 has no cast that cannot fail"),
    ),
    fn(
        "is_json(text: text) -> BOOLEAN",
        "Whether a text is JSON.",
        "Any JSON value counts: is_json('1') is TRUE.",
        ("is_json('{\"a\": 1}')", "TRUE"),
        ("is_json('{')", "FALSE"),
        aliases=("json_valid",),
        build="json_valid(:text)",
        postgres=Unsupported("PostgreSQL 15 has no test that cannot fail"),
    ),
    fn(
        "to_json(value: any) -> JSON",
        "A value as JSON.",
        "Structs become objects, lists arrays, dates and times texts.",
        ("to_json([1, 2])", "CAST('[1,2]' AS JSON)"),
        postgres=Unsupported(_TEXT_KEPT),
        nulls="NULL gives JSON null.",
    ),
    fn(
        "json_merge(value: jsontext, patch: jsontext) -> JSON",
        "One JSON object laid over another.",
        "RFC 7396: null in the patch removes a name.",
        ("json_merge('{\"a\": 1}', '{\"b\": 2}')", 'CAST(\'{"a":1,"b":2}\' AS JSON)'),
        aliases=("json_merge_patch",),
        build="json_merge_patch(:value, :patch)",
        nulls="A NULL counts as an empty object; NULL when both are NULL.",
        may_fail=True,
        postgres=Unsupported(_TEXT_KEPT),
    ),
)
