"""Structs and maps: values with named parts."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn

_NONE = "PostgreSQL has no structs or maps of this kind"

FUNCTIONS = (
    fn(
        "struct_get(struct: struct, field: text) -> field",
        "One field of a struct.",
        "The same as `struct.field`; the name must be written as a literal.",
        ("struct_get({'a': 1, 'b': 'x'}, 'b')", "'x'"),
        aliases=("struct_extract",),
        build="struct_extract(:struct, :field)",
        literals=("field",),
        postgres=Unsupported(_NONE),
    ),
    fn(
        "struct_keys(struct: struct) -> VARCHAR[]",
        "The field names of a struct.",
        "In their order.",
        ("struct_keys({'a': 1, 'b': 'x'})", "['a', 'b']"),
        postgres=Unsupported(_NONE),
    ),
    fn(
        "map_get(map: map, key: any) -> value",
        "The value of a key.",
        "NULL for a missing key.",
        ("map_get(MAP {'a': 1}, 'a')", "1"),
        aliases=("map_extract_value",),
        build="map_extract_value(:map, :key)",
        nulls="NULL when an argument is NULL or the key is missing.",
        postgres=Unsupported(_NONE),
    ),
    fn(
        "map_keys(map: map) -> list",
        "The keys of a map.",
        "In their order.",
        ("map_keys(MAP {'a': 1})", "['a']"),
        postgres=Unsupported(_NONE),
    ),
    fn(
        "map_values(map: map) -> list",
        "The values of a map.",
        "In the order of the keys.",
        ("map_values(MAP {'a': 1})", "[1]"),
        postgres=Unsupported(_NONE),
    ),
    fn(
        "map_contains(map: map, key: any) -> BOOLEAN",
        "Whether a map has a key.",
        "FALSE for a missing key.",
        ("map_contains(MAP {'a': 1}, 'b')", "FALSE"),
        postgres=Unsupported(_NONE),
    ),
)
