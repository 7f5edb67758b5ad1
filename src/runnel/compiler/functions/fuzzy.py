"""How alike two texts are."""

from __future__ import annotations

from runnel.compiler.functions.model import Unsupported, fn

_EXT = "needs an extension (fuzzystrmatch, pg_trgm) that counts otherwise"

FUNCTIONS = (
    fn(
        "levenshtein(a: text, b: text) -> BIGINT",
        "How many single edits lead from one text to the other.",
        "Insertions, deletions, exchanges, counted over UTF-8 bytes.",
        ("levenshtein('kitten', 'sitting')", "3"),
        aliases=("editdist3",),
        postgres=Unsupported(_EXT),
    ),
    fn(
        "damerau_levenshtein(a: text, b: text) -> BIGINT",
        "As `levenshtein`, a swap of neighbours counting once.",
        "Counted over UTF-8 bytes.",
        ("damerau_levenshtein('ab', 'ba')", "1"),
        postgres=Unsupported(_EXT),
    ),
    fn(
        "hamming(a: text, b: text) -> BIGINT",
        "At how many places two texts differ.",
        "Fails when the lengths differ.",
        ("hamming('duck', 'luck')", "1"),
        aliases=("mismatches",),
        build="hamming(:a, :b)",
        may_fail=True,
        postgres=Unsupported(_EXT),
    ),
    fn(
        "jaccard(a: text, b: text) -> DOUBLE",
        "The share of common characters, 0 to 1.",
        "Over the sets of bytes of both texts; fails for an empty text.",
        ("jaccard('duck', 'luck')", "0.6"),
        may_fail=True,
        postgres=Unsupported(_EXT),
    ),
    fn(
        "jaro(a: text, b: text) -> DOUBLE",
        "Jaro similarity, 0 to 1.",
        "Over UTF-8 bytes; 1 means equal. Source: M. A. Jaro, JASA 84 (1989).",
        ("round(jaro('martha', 'marhta'), 3)", "0.944"),
        aliases=("jaro_similarity",),
        build="jaro_similarity(:a, :b)",
        postgres=Unsupported(_EXT),
    ),
    fn(
        "jaro_winkler(a: text, b: text) -> DOUBLE",
        "Jaro-Winkler similarity, 0 to 1.",
        "Jaro with a bonus for a common start of up to 4; over UTF-8 bytes.",
        ("round(jaro_winkler('martha', 'marhta'), 3)", "0.961"),
        aliases=("jaro_winkler_similarity",),
        build="jaro_winkler_similarity(:a, :b)",
        postgres=Unsupported(_EXT),
    ),
    fn(
        "similarity(a: text, b: text) -> DOUBLE",
        "How alike two texts are, 0 to 1.",
        "1 minus the Levenshtein distance over the length of the longer text in bytes; 1 for two empty texts.",
        ("similarity('abcd', 'abcx')", "0.75"),
        build="CASE WHEN :a = :b THEN 1e0 ELSE 1e0 - levenshtein(:a, :b) / nullif(CAST(greatest(strlen(:a), "
        "strlen(:b)) AS DOUBLE), 0) END",
        postgres=Unsupported(_EXT),
    ),
)
