"""Regular expressions in the RE2 dialect (linear time, no look-around, no back references in patterns)."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn

_RE2 = "Pattern in RE2 syntax, case-sensitive ((?i) at its start ignores case). An invalid pattern is an error. "

FUNCTIONS = (
    fn(
        "regex_matches(text: text, pattern: text) -> BOOLEAN",
        "Whether a pattern occurs in a text.",
        _RE2 + "It may match anywhere; anchor with ^ and $.",
        ("regex_matches('abc123', '[0-9]+')", "TRUE"),
        aliases=("regexp_matches", "regexp_like"),
        build="regexp_matches(:text, :pattern)",
        may_fail=True,
    ),
    fn(
        "regex_full_match(text: text, pattern: text) -> BOOLEAN",
        "Whether a pattern matches the whole text.",
        _RE2 + "Like anchoring with ^ and $.",
        ("regex_full_match('abc123', '[a-z]+')", "FALSE"),
        aliases=("regexp_full_match",),
        build="regexp_full_match(:text, :pattern)",
        may_fail=True,
    ),
    fn(
        "regex_extract(text: text, pattern: text, group: integer = 0) -> VARCHAR",
        "The first match, or a group of it.",
        _RE2 + "Group 0 is the whole match; '' when nothing matches or the group did not take part.",
        ("regex_extract('order 42', '[0-9]+')", "'42'"),
        ("regex_extract('a=1', '([a-z])=([0-9])', 2)", "'1'"),
        ("regex_extract('abc', 'x')", "''"),
        aliases=("regexp_extract",),
        build="regexp_extract(:text, :pattern, :group)",
        may_fail=True,
    ),
    fn(
        "regex_extract_all(text: text, pattern: text, group: integer = 0) -> VARCHAR[]",
        "All matches, or a group of each, as a list.",
        _RE2 + "Matches do not overlap; an empty list when nothing matches.",
        ("regex_extract_all('a1b22', '[0-9]+')", "['1', '22']"),
        aliases=("regexp_extract_all",),
        build="regexp_extract_all(:text, :pattern, :group)",
        may_fail=True,
    ),
    fn(
        "regex_replace(text: text, pattern: text, replacement: text) -> VARCHAR",
        "Every match replaced.",
        _RE2 + r"Replaces all matches; \1 to \9 in the replacement stand for groups, \0 for the match.",
        ("regex_replace('a1b22', '[0-9]+', '#')", "'a#b#'"),
        (r"regex_replace('ann lee', '(\w+) (\w+)', '\2 \1')", "'lee ann'"),
        build="regexp_replace(:text, :pattern, :replacement, 'g')",
        may_fail=True,
    ),
    fn(
        "regexp_replace(text: text, pattern: text, replacement: text, flags: text = '') -> VARCHAR",
        "The first match replaced, or all with flag 'g'.",
        _RE2 + "Flags: 'g' all matches, 'i' ignore case, 's' a point matches line ends; the name and order that DuckDB "
        "and PostgreSQL use.",
        ("regexp_replace('a1b2', '[0-9]', '#')", "'a#b2'"),
        ("regexp_replace('a1b2', '[0-9]', '#', 'g')", "'a#b#'"),
        build="regexp_replace(:text, :pattern, :replacement, :flags)",
        literals=("flags",),
        may_fail=True,
    ),
    fn(
        "regex_count(text: text, pattern: text) -> BIGINT",
        "How many matches a text has.",
        _RE2 + "Matches do not overlap.",
        ("regex_count('a1b22', '[0-9]+')", "2"),
        build="length(regexp_extract_all(:text, :pattern))",
        may_fail=True,
    ),
    fn(
        "regex_split(text: text, pattern: text) -> VARCHAR[]",
        "The parts between matches, as a list.",
        _RE2 + "Empty parts are kept.",
        ("regex_split('a1b22c', '[0-9]+')", "['a', 'b', 'c']"),
        aliases=("regexp_split_to_array", "string_split_regex"),
        build="string_split_regex(:text, :pattern)",
        nulls="NULL for a NULL text; a NULL pattern does not split.",
        may_fail=True,
    ),
    fn(
        "regex_escape(text: text) -> VARCHAR",
        "Text made safe to stand in a pattern.",
        "Puts a backslash before every character with a meaning.",
        ("regex_escape('a.b')", r"'a\.b'"),
        aliases=("regexp_escape",),
        build="regexp_escape(:text)",
        postgres=Unsupported("PostgreSQL has no such function"),
    ),
    fn(
        "keep_digits(text: text) -> VARCHAR",
        "Only the digits 0 to 9.",
        "Removes everything else; '' when there are none.",
        ("keep_digits('+49 (30) 12-34')", "'49301234'"),
        build="regexp_replace(:text, '[^0-9]+', '', 'g')",
    ),
    fn(
        "keep_letters(text: text) -> VARCHAR",
        "Only letters, of every alphabet.",
        "Removes what is not in Unicode's class L.",
        ("keep_letters('a1-é')", "'aé'"),
        build=r"regexp_replace(:text, '[^\pL]+', '', 'g')",
        postgres=Unsupported("PostgreSQL has no Unicode letter class"),
    ),
    fn(
        "remove_punctuation(text: text) -> VARCHAR",
        "Text without ASCII punctuation.",
        "Removes the ASCII signs that are neither letter, digit nor blank.",
        ("remove_punctuation('Hi, there!')", "'Hi there'"),
        build=r"regexp_replace(:text, '[!-/:-@\[-`{-~]+', '', 'g')",
    ),
)
