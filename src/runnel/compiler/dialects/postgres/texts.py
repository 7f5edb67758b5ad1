"""Text, regular expressions, digests and lists in PostgreSQL."""

from __future__ import annotations

from runnel.compiler.dialects.postgres.functions import (
    as_text,
    cast,
    known,
    plain,
    small,
    whole_number,
    writes,
)
from runnel.compiler.dialects.postgres.patterns import Pattern, translate
from runnel.compiler.dialects.postgres.typed import ZS, Typed, common_type, quoted, refuse, type_name
from runnel.compiler.dialects.types import element_type, family

for _name in ("replace", "translate", "md5"):
    plain(_name, "VARCHAR")
plain("starts_with", "BOOLEAN")
plain("strlen", "BIGINT", "octet_length")


def _text(sql: str) -> Typed:
    return Typed(sql, "VARCHAR")


@writes("upper")
def _upper(args: list[Typed]) -> Typed:
    return _text(f"""(upper(replace({args[0].sql}, 'ß', 'ẞ') COLLATE "C.utf8") COLLATE "C")""")


@writes("lower")
def _lower(args: list[Typed]) -> Typed:
    return _text(f'(lower({args[0].sql} COLLATE "C.utf8") COLLATE "C")')


@writes("trim")
def _trim(args: list[Typed]) -> Typed:
    return _trimmed("btrim", args)


@writes("ltrim")
def _ltrim(args: list[Typed]) -> Typed:
    return _trimmed("ltrim", args)


@writes("rtrim")
def _rtrim(args: list[Typed]) -> Typed:
    return _trimmed("rtrim", args)


def _trimmed(name: str, args: list[Typed]) -> Typed:
    signs = args[1].sql if len(args) > 1 else quoted(ZS)
    return _text(f"{name}({args[0].sql}, {signs})")


def _sized(name: str) -> None:
    @writes(name)
    def _write(args: list[Typed]) -> Typed:
        rest = "".join(f", {arg.sql}" for arg in args[2:])
        return _text(f"{name}({args[0].sql}, {small(args[1])}{rest})")


for _name in ("lpad", "rpad", "left", "right", "repeat"):
    _sized(_name)


@writes("substring")
def _substring(args: list[Typed]) -> Typed:
    """Count negative starts from the end, as DuckDB does; a length must be a literal that is not negative."""
    text, start = args[0].sql, small(args[1])
    size = ""
    if len(args) > 2:
        length = whole_number(args[2])
        if length is None or length < 0:
            raise refuse("substring", "a length that is no literal may be negative, which fails there")
        size = f", {length}"
    at = whole_number(args[1])
    if at is not None and at >= 0:
        return _text(f"substr({text}, {at}{size})")
    if size:
        raise refuse("substring", "a start that may be negative is cut differently with a length")
    return _text(
        f"CASE WHEN {start} < 0 THEN substr({text}, greatest(char_length({text}) + {start} + 1, 1)) ELSE "
        f"substr({text}, {start}) END"
    )


@writes("length")
def _length(args: list[Typed]) -> Typed:
    if args[0].family == "list":
        return Typed(f"CAST(cardinality({args[0].sql}) AS bigint)", "BIGINT")
    return Typed(f"CAST(char_length({args[0].sql}) AS bigint)", "BIGINT")


@writes("strpos")
def _strpos(args: list[Typed]) -> Typed:
    return Typed(f"CAST(strpos({args[0].collated}, {args[1].collated}) AS bigint)", "BIGINT")


@writes("contains")
def _contains(args: list[Typed]) -> Typed:
    return Typed(f"(strpos({args[0].collated}, {args[1].collated}) > 0)", "BOOLEAN")


@writes("ends_with")
def _ends_with(args: list[Typed]) -> Typed:
    text, end = args
    return Typed(f'(right({text.sql}, char_length({end.sql})) COLLATE "C" = {end.sql})', "BOOLEAN")


@writes("split_part")
def _split_part(args: list[Typed]) -> Typed:
    index = whole_number(args[2])
    if not args[1].literal or not index:
        raise refuse("split_part", "an empty separator or index 0 gives another part there, so both must be literals")
    return _text(f"split_part({args[0].sql}, {args[1].sql}, {index})")


@writes("concat")
def _concat(args: list[Typed]) -> Typed:
    return _text("concat(" + ", ".join(as_text(arg) for arg in args) + ")")


@writes("concat_ws")
def _concat_ws(args: list[Typed]) -> Typed:
    return _text("concat_ws(" + ", ".join(as_text(arg) for arg in args) + ")")


@writes("unicode")
def _unicode(args: list[Typed]) -> Typed:
    return Typed(f"CASE WHEN {args[0].sql} = '' THEN -1 ELSE ascii({args[0].sql}) END", "INTEGER")


@writes("sha256")
def _sha256(args: list[Typed]) -> Typed:
    return _text(f"encode(sha256(convert_to({args[0].sql}, 'UTF8')), 'hex')")


@writes("hex")
def _hex(args: list[Typed]) -> Typed:
    return _text(f"upper(encode(convert_to({args[0].sql}, 'UTF8'), 'hex'))")


@writes("encode")
def _encode(args: list[Typed]) -> Typed:
    return Typed(f"convert_to({args[0].sql}, 'UTF8')", "BLOB")


@writes("to_base64")
def _to_base64(args: list[Typed]) -> Typed:
    return _text(f"translate(encode({args[0].sql}, 'base64'), E'\\n', '')")


@writes("nfc_normalize")
def _nfc(args: list[Typed]) -> Typed:
    return _text(f"normalize({args[0].sql}, NFC)")


# Regular expressions: literal patterns of the safe subset, compared with ASCII classes (COLLATE "C").


def _pattern(args: list[Typed], function: str) -> Pattern:
    return translate(known(args[1], function, "the pattern"))


def _firm(args: list[Typed], function: str, *, empty: bool = False) -> Pattern:
    """Return a pattern whose matches (not only their existence) are the same in both dialects."""
    found = _pattern(args, function)
    if found.choices:
        raise refuse(function, "alternatives and repeated groups match the longest text there, the first choice here")
    if not empty and found.least == 0:
        raise refuse(function, "empty matches are counted differently there")
    return found


@writes("regexp_matches")
def _regexp_matches(args: list[Typed]) -> Typed:
    return Typed(f"({args[0].collated} ~ {quoted(_pattern(args, 'regexp_matches').text)})", "BOOLEAN")


@writes("regexp_full_match")
def _regexp_full_match(args: list[Typed]) -> Typed:
    return Typed(
        f"({args[0].collated} ~ {quoted('^(?:' + _pattern(args, 'regexp_full_match').text + ')$')})", "BOOLEAN"
    )


def _group(args: list[Typed], found: Pattern, function: str) -> int:
    group = whole_number(args[2]) if len(args) > 2 else 0
    if group is None or not 0 <= group <= found.groups:
        raise refuse(function, "the group must be a literal number that the pattern has")
    return group + 1


@writes("regexp_extract")
def _regexp_extract(args: list[Typed]) -> Typed:
    found = _firm(args, "regexp_extract", empty=True)
    group = _group(args, found, "regexp_extract")
    match = f"(regexp_match({args[0].collated}, {quoted('(' + found.text + ')')}))[{group}]"
    return _text(f"CASE WHEN {args[0].sql} IS NOT NULL THEN coalesce({match}, '') END")


@writes("regexp_extract_all")
def _regexp_extract_all(args: list[Typed]) -> Typed:
    found = _firm(args, "regexp_extract_all")
    group = _group(args, found, "regexp_extract_all")
    every = f"regexp_matches({args[0].collated}, {quoted('(' + found.text + ')')}, 'g')"
    rows = f"SELECT coalesce(m[{group}], '') FROM {every} AS m"
    return Typed(f"CASE WHEN {args[0].sql} IS NOT NULL THEN ARRAY({rows}) END", "VARCHAR[]")


@writes("regexp_replace")
def _regexp_replace(args: list[Typed]) -> Typed:
    found = _firm(args, "regexp_replace")
    flags = known(args[3], "regexp_replace", "the flags") if len(args) > 3 else ""
    if flags not in ("", "g"):
        raise refuse("regexp_replace", "only the flag 'g' means the same there")
    if args[2].literal is None:
        raise refuse("regexp_replace", "the replacement must be a literal to be translated")
    new = _replacement(args[2].literal, found)
    return _text(f"regexp_replace({args[0].collated}, {quoted(found.text)}, {quoted(new)}, {quoted(flags)})")


def _replacement(text: str, found: Pattern) -> str:
    out: list[str] = []
    signs = iter(text)
    for sign in signs:
        if sign != "\\":
            out.append(sign)
            continue
        digit = next(signs, "")
        if not digit.isdigit() or int(digit) > found.groups:
            raise refuse("regexp_replace", f"`\\{digit}` in the replacement is no group of the pattern")
        out.append("\\&" if digit == "0" else f"\\{digit}")
    return "".join(out)


@writes("string_split_regex")
def _split_regex(args: list[Typed]) -> Typed:
    found = _firm(args, "regex_split")
    return Typed(f"regexp_split_to_array({args[0].collated}, {quoted(found.text)})", "VARCHAR[]")


@writes("regexp_escape")
def _regexp_escape(args: list[Typed]) -> Typed:
    raise refuse("regex_escape", "the two dialects escape different characters")


# Lists are arrays.


def _element(value: Typed) -> str:
    return element_type(value.type) if value.family == "list" else "NULL"


@writes("list_contains")
def _list_contains(args: list[Typed]) -> Typed:
    whole, value = args
    item = cast(value, _element(whole)).collated
    return Typed(
        f"CASE WHEN {whole.sql} IS NOT NULL AND {value.sql} IS NOT NULL THEN coalesce({item} = ANY({whole.sql}), "
        f"FALSE) END",
        "BOOLEAN",
    )


@writes("list_position")
def _list_position(args: list[Typed]) -> Typed:
    whole, value = args
    item = cast(value, _element(whole)).sql
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN array_position({whole.sql}, {item}) END", "INTEGER")


@writes("list_extract")
def _list_extract(args: list[Typed]) -> Typed:
    whole, index = args
    if whole.family != "list":
        raise refuse("an index into text", "PostgreSQL indexes only arrays")
    at = whole_number(index)
    from_end = f"cardinality({whole.sql}) + 1 + {index.sql}"
    if at is not None:
        place = index.sql if at >= 0 else from_end
    else:
        place = f"CASE WHEN {index.sql} < 0 THEN {from_end} ELSE {index.sql} END"
    return Typed(f"({whole.sql})[{place}]", _element(whole))


@writes("list_concat")
def _list_concat(args: list[Typed]) -> Typed:
    empty = f"CAST(ARRAY[] AS {type_name(args[0].type)})"
    return Typed(f"coalesce(array_cat({args[0].sql}, {args[1].sql}), {empty})", args[0].type)


@writes("list_append")
def _list_append(args: list[Typed]) -> Typed:
    return Typed(f"array_append({args[0].sql}, {cast(args[1], _element(args[0])).sql})", args[0].type)


@writes("list_prepend")
def _list_prepend(args: list[Typed]) -> Typed:
    return Typed(f"array_prepend({cast(args[0], _element(args[1])).sql}, {args[1].sql})", args[1].type)


@writes("list_has_any")
def _list_has_any(args: list[Typed]) -> Typed:
    target = type_name(f"{common_type([_element(arg) for arg in args])}[]")
    first, second = (f"CAST({arg.sql} AS {target})" for arg in args)
    return Typed(f"({first} && {second})", "BOOLEAN")


@writes("array_to_string")
def _array_to_string(args: list[Typed]) -> Typed:
    if family(_element(args[0])) not in ("text", "integer", "decimal", "date"):
        raise refuse("list_join", "elements of this type are written differently there")
    whole = args[0].sql
    nothing = f"cardinality({whole}) > 0 AND cardinality(array_remove({whole}, NULL)) = 0"
    return _text(f"CASE WHEN {nothing} THEN NULL ELSE array_to_string({whole}, {args[1].sql}) END")
