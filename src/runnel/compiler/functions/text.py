"""Text: case, trimming, cutting, searching, joining and cleaning."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn


def _far(types: tuple[str, ...]) -> bool:
    """Positions of 64 bits can lie beyond what the engine counts."""
    return any(kind not in ("INTEGER", "SMALLINT", "TINYINT") for kind in types[1:])


_RE2_ONLY = "needs Unicode letter classes that PostgreSQL's regular expressions do not have"

FUNCTIONS = (
    fn(
        "upper(text: text) -> VARCHAR",
        "Text in capitals.",
        "Simple Unicode mapping, one letter to one letter, the same for every language; 'ß' becomes 'ẞ'.",
        ("upper('Zoë')", "'ZOË'"),
        ("upper('')", "''"),
        aliases=("ucase",),
    ),
    fn(
        "lower(text: text) -> VARCHAR",
        "Text in small letters.",
        "Simple Unicode mapping, one letter to one letter, the same for every language.",
        ("lower('ÀB')", "'àb'"),
        aliases=("lcase",),
    ),
    fn(
        "title_case(text: text) -> VARCHAR",
        "First letter of each word in capitals, the rest small.",
        'A word is a run of letters, marks, digits and apostrophes (\' or ’): "o\'neill" becomes "O\'neill", '
        "'mc-donald' becomes "
        "'Mc-Donald', '2nd' stays '2nd'. Every other character ends a word and stays as it is.",
        ("title_case('hello big-WORLD')", "'Hello Big-World'"),
        ("title_case('o''neill')", "'O''neill'"),
        ("title_case('élan 2nd')", "'Élan 2nd'"),
        aliases=("initcap", "proper"),
        build=r"array_to_string(list_transform(regexp_extract_all(:text, '[\pL\pM\pN''’]+|[^\pL\pM\pN''’]+'), "
        "lambda _rn_w: upper(left(_rn_w, 1)) || lower(substring(_rn_w, 2))), '')",
        postgres=Unsupported(_RE2_ONLY),
    ),
    fn(
        "capitalize(text: text) -> VARCHAR",
        "First character in capitals, the rest small.",
        "Looks at the first character only, whatever it is: ' a' stays ' a'.",
        ("capitalize('hELLO world')", "'Hello world'"),
        ("capitalize('')", "''"),
        build="upper(left(:text, 1)) || lower(substring(:text, 2))",
    ),
    fn(
        "trim(text: text, characters?: text) -> VARCHAR",
        "Text without blanks at both ends.",
        "Without `characters` removes spaces of every width (Unicode class Zs: space, no-break space, …) but not "
        "tabs or line ends; "
        "with it removes any of those characters. `squish` removes tabs and line ends too.",
        ("trim('  a b ')", "'a b'"),
        ("trim('xxaxx', 'x')", "'a'"),
        aliases=("btrim",),
    ),
    fn(
        "ltrim(text: text, characters?: text) -> VARCHAR",
        "Text without blanks at its start.",
        "Removes what `trim` removes, at the start only.",
        ("ltrim('  a ')", "'a '"),
        aliases=("trim_start",),
    ),
    fn(
        "rtrim(text: text, characters?: text) -> VARCHAR",
        "Text without blanks at its end.",
        "Removes what `trim` removes, at the end only.",
        ("rtrim(' a  ')", "' a'"),
        aliases=("trim_end",),
    ),
    fn(
        "lpad(text: text, length: integer, fill: text = ' ') -> VARCHAR",
        "Text filled up at the left to a length.",
        "Counts code points; longer text is cut at the right to `length`; a negative length gives ''. An empty "
        "`fill` fails where something must be filled.",
        ("lpad('7', 3, '0')", "'007'"),
        ("lpad('abcd', 2, '0')", "'ab'"),
        may_fail=True,
        aliases=("pad_left",),
        build="lpad(:text, CAST(:length AS INTEGER), :fill)",
    ),
    fn(
        "rpad(text: text, length: integer, fill: text = ' ') -> VARCHAR",
        "Text filled up at the right to a length.",
        "Counts code points; longer text is cut at the right to `length`; a negative length gives ''. An empty "
        "`fill` fails where something must be filled.",
        ("rpad('a', 3, '.')", "'a..'"),
        may_fail=True,
        aliases=("pad_right",),
        build="rpad(:text, CAST(:length AS INTEGER), :fill)",
    ),
    fn(
        "left(text: text, count: integer) -> VARCHAR",
        "The first characters.",
        "Counts code points; a negative count means all but the last so many.",
        ("left('hello', 2)", "'he'"),
        ("left('hello', -2)", "'hel'"),
        may_fail=_far,
    ),
    fn(
        "right(text: text, count: integer) -> VARCHAR",
        "The last characters.",
        "Counts code points; a negative count means all but the first so many.",
        ("right('hello', 2)", "'lo'"),
        ("right('hello', -2)", "'llo'"),
        may_fail=_far,
    ),
    fn(
        "substring(text: text, start: integer, length?: integer) -> VARCHAR",
        "A part of a text by position.",
        "Positions count code points from 1; a negative start counts from the end; positions before the start hold "
        "nothing, so substring('hello', 0, 2) is 'h'.",
        ("substring('hello', 2, 3)", "'ell'"),
        ("substring('hello', -2)", "'lo'"),
        ("substring('hello', 0, 2)", "'h'"),
        aliases=("substr", "mid"),
        may_fail=_far,
    ),
    fn(
        "replace(text: text, search: text, replacement: text) -> VARCHAR",
        "Every occurrence of a text replaced.",
        "Exact, case-sensitive, left to right without overlaps; an empty `search` changes nothing.",
        ("replace('a-b-c', '-', '+')", "'a+b+c'"),
        ("replace('abc', '', 'x')", "'abc'"),
    ),
    fn(
        "translate(text: text, search: text, replacement: text) -> VARCHAR",
        "Single characters exchanged one by one.",
        "The n-th character of `search` becomes the n-th of `replacement`; those without a partner are removed.",
        ("translate('a.b-c', '.-', '_')", "'a_bc'"),
    ),
    fn(
        "split(text: text, separator: text) -> VARCHAR[]",
        "The parts between separators, as a list.",
        "Empty parts are kept; an empty separator splits into characters; text without the separator is one part.",
        ("split('a,b,,c', ',')", "['a', 'b', '', 'c']"),
        aliases=("string_split", "str_split", "string_to_array"),
        build="string_split(:text, :separator)",
        nulls="NULL for a NULL text; a NULL separator does not split.",
        postgres=Unsupported("an empty separator or text gives other lists there"),
    ),
    fn(
        "split_part(text: text, separator: text, index: integer) -> VARCHAR",
        "One part between separators.",
        "Counts from 1, negative from the end; '' when there are fewer parts; index 0 is the first part. PostgreSQL "
        "takes literals only.",
        ("split_part('a,b,c', ',', 2)", "'b'"),
        ("split_part('a,b,c', ',', -1)", "'c'"),
        ("split_part('a', ',', 5)", "''"),
    ),
    fn(
        "reverse(text: text) -> VARCHAR",
        "Text back to front.",
        "Keeps what a reader sees as one character together (graphemes): combined emoji and accents stay whole.",
        ("reverse('abc')", "'cba'"),
        postgres=Unsupported("PostgreSQL reverses code points and breaks combined characters"),
    ),
    fn(
        "repeat(text: text, count: integer) -> VARCHAR",
        "Text repeated.",
        "'' for a count of zero or less.",
        ("repeat('ab', 3)", "'ababab'"),
        ("repeat('a', -1)", "''"),
        may_fail=True,
    ),
    fn(
        "length(value: text|list) -> BIGINT",
        "How many characters a text or elements a list has.",
        "Counts code points, not bytes: 'Zoë' has 3; an emoji with a skin tone has 2. NULL elements of a list count.",
        ("length('Zoë')", "3"),
        ("length([1, NULL])", "2"),
        aliases=("len", "char_length", "character_length", "list_length", "cardinality"),
        build="length(:value)",
    ),
    fn(
        "byte_length(text: text) -> BIGINT",
        "How many bytes a text has in UTF-8.",
        "Counts bytes.",
        ("byte_length('ë')", "2"),
        build="strlen(:text)",
    ),
    fn(
        "position(text: text, search: text) -> BIGINT",
        "Where a text occurs first.",
        "From 1; 0 when it does not occur; 1 for an empty `search`. SQL's position('b' in 'abc') is the same.",
        ("position('banana', 'an')", "2"),
        ("position('abc', 'x')", "0"),
        aliases=("strpos", "instr"),
        build="strpos(:text, :search)",
    ),
    fn(
        "contains(text: text, search: text) -> BOOLEAN",
        "Whether a text occurs in another.",
        "Exact and case-sensitive; an empty `search` is always contained.",
        ("contains('banana', 'nan')", "TRUE"),
        ("contains('a', '')", "TRUE"),
    ),
    fn(
        "starts_with(text: text, prefix: text) -> BOOLEAN",
        "Whether a text begins with another.",
        "Exact and case-sensitive; every text starts with ''.",
        ("starts_with('banana', 'ba')", "TRUE"),
        aliases=("prefix",),
    ),
    fn(
        "ends_with(text: text, suffix: text) -> BOOLEAN",
        "Whether a text ends with another.",
        "Exact and case-sensitive; every text ends with ''.",
        ("ends_with('banana', 'na')", "TRUE"),
        aliases=("suffix",),
    ),
    fn(
        "count_occurrences(text: text, search: text) -> BIGINT",
        "How often a text occurs in another.",
        "Counts without overlaps; NULL for an empty `search`.",
        ("count_occurrences('banana', 'an')", "2"),
        build="(length(:text) - length(replace(:text, :search, ''))) // nullif(length(:search), 0)",
        nulls="NULL when an argument is NULL or `search` is empty.",
    ),
    fn(
        "concat(*values: any) -> VARCHAR",
        "Values joined into one text.",
        "NULLs are skipped (as empty text), unlike `||`, which gives NULL; numbers, dates and booleans are written "
        "as text.",
        ("concat('a', NULL, 1)", "'a1'"),
        nulls="NULL arguments are skipped; never NULL.",
    ),
    fn(
        "concat_ws(separator: text, *values: any) -> VARCHAR",
        "Values joined with a separator.",
        "NULL values are skipped with their separator; empty texts are kept.",
        ("concat_ws('-', 'a', NULL, 'b')", "'a-b'"),
        nulls="NULL only when the separator is NULL; NULL values are skipped.",
    ),
    fn(
        "squish(text: text) -> VARCHAR",
        "Runs of white space made one space, ends trimmed.",
        "White space is space, tab, line feed, form feed, carriage return and vertical tab; other blanks (no-break "
        "space) are trimmed at the ends only.",
        ("squish(concat('  a ', chr(9), chr(10), ' b  '))", "'a b'"),
        aliases=("normalize_whitespace",),
        build=r"trim(regexp_replace(:text, '[ \t\n\f\r\v]+', ' ', 'g'))",
    ),
    fn(
        "remove_whitespace(text: text) -> VARCHAR",
        "Text without any white space.",
        "Removes space, tab, line feed, form feed, carriage return and vertical tab.",
        ("remove_whitespace(' a b ')", "'ab'"),
        build=r"regexp_replace(:text, '[ \t\n\f\r\v]+', '', 'g')",
    ),
    fn(
        "strip_accents(text: text) -> VARCHAR",
        "Letters without their accents.",
        "Decomposes letters and drops the marks: 'é' becomes 'e'; 'ø' and 'ß' have none and stay.",
        ("strip_accents('Zoë Müller')", "'Zoe Muller'"),
        aliases=("unaccent",),
        postgres=Unsupported("needs the unaccent extension, which maps other letters"),
    ),
    fn(
        "nfc_normalize(text: text) -> VARCHAR",
        "Text in Unicode normal form C.",
        "Combines letters and marks, so that equal-looking texts compare equal.",
        ("nfc_normalize(concat('e', chr(769))) = 'é'", "TRUE"),
        aliases=("normalize_unicode", "nfc"),
    ),
    fn(
        "slugify(text: text) -> VARCHAR",
        "A text fit for an address: small letters, digits and hyphens.",
        "Accents are dropped, every run of other characters than a-z and 0-9 becomes one hyphen, none at the ends.",
        ("slugify('Crème Brûlée, 2 pcs!')", "'creme-brulee-2-pcs'"),
        build="trim(regexp_replace(lower(strip_accents(:text)), '[^a-z0-9]+', '-', 'g'), '-')",
        postgres=Unsupported("needs strip_accents"),
    ),
    fn(
        "chr(code: integer) -> VARCHAR",
        "The character of a Unicode code point.",
        "Fails outside Unicode.",
        ("chr(65)", "'A'"),
        may_fail=True,
        aliases=("char",),
        build="chr(CAST(:code AS INTEGER))",
        postgres=Unsupported("PostgreSQL has no character 0"),
    ),
    fn(
        "unicode(text: text) -> INTEGER",
        "The Unicode code point of the first character.",
        "-1 for empty text.",
        ("unicode('A')", "65"),
        ("unicode('')", "-1"),
        aliases=("ord", "ascii", "codepoint"),
    ),
    fn(
        "format_number(value: number, decimals: integer = 0) -> VARCHAR",
        "A number as text with thousands separators.",
        "Comma for thousands, point for decimals, exactly `decimals` digits after it (0 to 15), rounded half to even "
        "on the binary value.",
        ("format_number(1234567.891, 2)", "'1,234,567.89'"),
        ("format_number(-1234)", "'-1,234'"),
        may_fail=True,
        build="format('{:,.' || CAST(:decimals AS VARCHAR) || 'f}', CAST(:value AS DOUBLE))",
        postgres=Unsupported("to_char rounds and overflows otherwise"),
    ),
    fn(
        "text_before(text: text, separator: text) -> VARCHAR",
        "What stands before the first separator.",
        "The whole text when it does not occur; '' for an empty separator.",
        ("text_before('ann@x.org', '@')", "'ann'"),
        ("text_before('ann', '@')", "'ann'"),
        build="CASE WHEN strpos(:text, :separator) > 0 THEN left(:text, strpos(:text, :separator) - 1) WHEN "
        ":separator IS NOT NULL THEN :text END",
    ),
    fn(
        "text_after(text: text, separator: text) -> VARCHAR",
        "What stands after the first separator.",
        "'' when it does not occur; the whole text for an empty separator.",
        ("text_after('ann@x.org', '@')", "'x.org'"),
        ("text_after('ann', '@')", "''"),
        build="CASE WHEN strpos(:text, :separator) > 0 THEN substring(:text, strpos(:text, :separator) + "
        "length(:separator)) "
        "WHEN :separator IS NOT NULL AND :text IS NOT NULL THEN '' END",
    ),
    fn(
        "initials(text: text) -> VARCHAR",
        "The first character of each word, in capitals.",
        "Words are what spaces separate.",
        ("initials('ada king lovelace')", "'AKL'"),
        build="upper(regexp_replace(trim(:text), '([^ ])[^ ]* *', '\\1', 'g'))",
    ),
    fn(
        "truncate(text: text, length: integer, ending: text = '…') -> VARCHAR",
        "Text cut to a length with an ending that shows it.",
        "Text that fits stays; else it is cut so that text and ending together have `length` code points.",
        ("truncate('hello world', 6)", "'hello…'"),
        ("truncate('hi', 6)", "'hi'"),
        aliases=("ellipsis",),
        may_fail=True,
        build="CASE WHEN length(:text) <= :length THEN :text WHEN :length IS NOT NULL THEN left(:text, "
        "greatest(:length - length(:ending), "
        "0)) || :ending END",
    ),
    fn(
        "is_blank(text: text) -> BOOLEAN",
        "Whether a text is NULL, empty or only white space.",
        "White space as in `squish`.",
        ("is_blank('  ')", "TRUE"),
        ("is_blank(NULL)", "TRUE"),
        ("is_blank('a')", "FALSE"),
        nulls="TRUE for NULL; never NULL.",
        build=r"coalesce(trim(regexp_replace(:text, '[ \t\n\f\r\v]+', '', 'g')), '') = ''",
    ),
    fn(
        "blank_to_null(text: text) -> VARCHAR",
        "NULL for empty text or white space only, else the text.",
        "White space as in `squish`; the text itself is not trimmed.",
        ("blank_to_null(' ')", "NULL"),
        ("blank_to_null(' a')", "' a'"),
        build=r"CASE WHEN trim(regexp_replace(:text, '[ \t\n\f\r\v]+', '', 'g')) <> '' THEN :text END",
        nulls="NULL for NULL and for blank text.",
    ),
)
