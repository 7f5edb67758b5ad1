"""Every code of an expression problem with one sentence each; the reference pages are made from it."""

from __future__ import annotations

SYNTAX = "RNL-EXPR-001"
EMPTY = "RNL-EXPR-002"
NOT_ALLOWED = "RNL-EXPR-003"
UNKNOWN_FUNCTION = "RNL-EXPR-004"
UNKNOWN_COLUMN = "RNL-EXPR-005"
AMBIGUOUS_COLUMN = "RNL-EXPR-006"
ARGUMENT_COUNT = "RNL-EXPR-007"
ARGUMENT_TYPE = "RNL-EXPR-008"
MIXED_TYPES = "RNL-EXPR-009"
NOT_A_NUMBER = "RNL-EXPR-010"
NOT_A_CONDITION = "RNL-EXPR-011"
BAD_LITERAL = "RNL-EXPR-012"
UNKNOWN_TYPE = "RNL-EXPR-013"
WRONG_KIND = "RNL-EXPR-014"
NESTED_AGGREGATE = "RNL-EXPR-015"
REFERENCE = "RNL-EXPR-016"
REFERENCE_IN_QUOTES = "RNL-EXPR-017"
SECRET = "RNL-EXPR-018"
TOO_LARGE = "RNL-EXPR-019"
ENGINE = "RNL-EXPR-022"
NO_CLOCK = "RNL-EXPR-023"
COMMENT = "RNL-EXPR-024"
UNKNOWN_FIELD = "RNL-EXPR-025"
LITERAL_NEEDED = "RNL-EXPR-026"
WRONG_RESULT = "RNL-EXPR-027"

codes: dict[str, str] = {
    SYNTAX: "The text is not one well-formed expression.",
    EMPTY: "The expression is empty.",
    NOT_ALLOWED: "The expression uses SQL that expressions do not have, such as a sub-query, a parameter or a star.",
    UNKNOWN_FUNCTION: "No function of the library has this name.",
    UNKNOWN_COLUMN: "The input has no column of this name.",
    AMBIGUOUS_COLUMN: "Several columns differ only in capitals, and the name written fits none of them exactly.",
    ARGUMENT_COUNT: "A function is called with too few or too many arguments.",
    ARGUMENT_TYPE: "An argument has a type that the function does not take; nothing is converted in silence.",
    MIXED_TYPES: "Values of different kinds (text, number, boolean …) meet where they must be of one kind.",
    NOT_A_NUMBER: "Arithmetic is done with something that is not a number.",
    NOT_A_CONDITION: "Something that is not true or false stands where a condition is needed.",
    BAD_LITERAL: "A literal cannot be read as the type that its place demands.",
    UNKNOWN_TYPE: "A cast names a type that DuckDB does not have.",
    WRONG_KIND: "An aggregate or window function stands where one value per row is needed, or lacks its OVER (…).",
    NESTED_AGGREGATE: "An aggregate stands inside another aggregate.",
    REFERENCE: "A `${…}` reference names no parameter or allowed environment variable, or has no fitting value.",
    REFERENCE_IN_QUOTES: "A `${…}` reference stands inside quotes, where it is plain text.",
    SECRET: "A secret is referred to in an expression; secrets never reach SQL.",
    TOO_LARGE: "The expression is longer or deeper than expressions may be.",
    ENGINE: "The engine refuses the expression for a reason of its own.",
    NO_CLOCK: "now() or today() is used where no run has bound the time.",
    COMMENT: "A comment stands in the expression.",
    UNKNOWN_FIELD: "A struct has no field of this name.",
    LITERAL_NEEDED: "An argument must be written as a literal, because the meaning depends on it.",
    WRONG_RESULT: "The expression's result has a type that its place does not take.",
}
