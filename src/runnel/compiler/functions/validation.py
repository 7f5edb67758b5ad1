"""Whether a text is an address, a number, a date, a key: FALSE rather than an error for what is not."""

from __future__ import annotations

from runnel.compiler.functions.model import Function, Unsupported, fn

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"^({_OCTET}\.){{3}}{_OCTET}$"
_GROUP = "[0-9A-Fa-f]{1,4}"
_IPV6 = (
    "^("
    + "|".join(
        [f"({_GROUP}:){{7}}{_GROUP}", f"({_GROUP}:){{1,7}}:"]
        + [f"({_GROUP}:){{1,{6 - n}}}(:{_GROUP}){{1,{n + 1}}}" for n in range(6)]
        + [f":((:{_GROUP}){{1,7}}|:)"]
    )
    + ")$"
)
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = r"^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]+@" + _LABEL + r"(\." + _LABEL + ")+$"
_URL = r"^(https?|ftp)://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#][^ \t\n\r]*)?$"
_UUID = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
_NUMBER = r"^[ \t\n\r]*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t\n\r]*$"


def _pattern(name: str, summary: str, semantics: str, pattern: str, good: str, bad: str, **options: object) -> Function:
    return fn(
        f"{name}(text: text) -> BOOLEAN",
        summary,
        semantics,
        (f"{name}('{good}')", "TRUE"),
        (f"{name}('{bad}')", "FALSE"),
        build=f"regexp_matches(:text, '{pattern}')",
        **options,
    )


_IBAN = "upper(replace(:text, ' ', ''))"


def _iban_digits() -> str:
    """Return the template of an IBAN's digits, the first four characters last, letters as 10 to 35."""
    text = f"substring({_IBAN}, 5) || left({_IBAN}, 4)"
    for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10):
        text = f"replace({text}, '{letter}', '{number}')"
    return text


FUNCTIONS = (
    _pattern(
        "is_email",
        "Whether a text is an e-mail address.",
        "The rule of HTML forms (WHATWG), with at least one point in the domain; ASCII only, no blanks around.",
        _EMAIL,
        "ann@x.org",
        "ann@x",
    ),
    _pattern(
        "is_url",
        "Whether a text is a web address.",
        "http, https or ftp with a host; ASCII host names.",
        _URL,
        "https://x.org/a?b=1",
        "x.org",
    ),
    _pattern(
        "is_ipv4",
        "Whether a text is an IPv4 address.",
        "Four numbers 0 to 255 without leading zeros.",
        _IPV4,
        "192.168.0.1",
        "256.1.1.1",
    ),
    _pattern(
        "is_ipv6",
        "Whether a text is an IPv6 address.",
        "RFC 4291 without embedded IPv4, zone and prefix length.",
        _IPV6,
        "2001:db8::1",
        "1::2::3",
    ),
    _pattern(
        "is_ip",
        "Whether a text is an IPv4 or IPv6 address.",
        "As `is_ipv4` or `is_ipv6`.",
        f"{_IPV4}|{_IPV6}",
        "::1",
        "localhost",
    ),
    _pattern(
        "is_phone",
        "Whether a text looks like a phone number.",
        "An optional +, then 7 to 15 digits (E.164) with blanks, points, slashes, hyphens and brackets between.",
        r"^[ ]*[+]?[ ]*([(]?[0-9][-. /()]*){7,15}$",
        "+49 (30) 1234-567",
        "12 34",
    ),
    _pattern(
        "is_uuid",
        "Whether a text is a UUID.",
        "8-4-4-4-12 hex digits with hyphens, any case and version.",
        _UUID,
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567",
    ),
    _pattern(
        "is_integer",
        "Whether a text is an integer.",
        "Optional sign and digits, blanks around allowed; no size limit.",
        r"^[ \t\n\r]*[-+]?[0-9]+[ \t\n\r]*$",
        "-12",
        "1.5",
    ),
    _pattern(
        "is_numeric",
        "Whether a text is a number.",
        "Digits with optional sign, decimal point and exponent; blanks around allowed; no thousands separators, no "
        "NaN or infinity.",
        _NUMBER,
        "-1.5e3",
        "1,5",
        aliases=("is_number",),
    ),
    _pattern(
        "is_alphanumeric",
        "Whether a text consists of letters and digits.",
        "ASCII only; FALSE for ''.",
        "^[A-Za-z0-9]+$",
        "ab12",
        "a b",
    ),
    _pattern(
        "is_ascii",
        "Whether a text has only ASCII characters.",
        "TRUE for ''.",
        r"^[\x00-\x7F]*$",
        "abc",
        "é",
        postgres=Unsupported("needs code points in a pattern"),
    ),
    _pattern(
        "is_country_code",
        "Whether a text has the form of an ISO 3166 two-letter code.",
        "Two capital letters; whether the country exists is not looked up.",
        "^[A-Z]{2}$",
        "DE",
        "de",
    ),
    fn(
        "is_iban(text: text) -> BOOLEAN",
        "Whether a text is an IBAN.",
        "Country, two check digits, 11 to 30 letters or digits, and the remainder by 97 must be 1 (ISO 13616); "
        "blanks and case do not matter; lengths per country are not checked.",
        ("is_iban('DE89 3704 0044 0532 0130 00')", "TRUE"),
        ("is_iban('DE88 3704 0044 0532 0130 00')", "FALSE"),
        may_fail=False,
        build=f"CASE WHEN regexp_matches({_IBAN}, '^[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{11,30}}$') THEN "
        f"list_reduce(list_transform(list_prepend('0', regexp_extract_all({_iban_digits()}, '.')), "
        "lambda _rn_d: CAST(_rn_d AS BIGINT)), lambda _rn_r, _rn_d: (_rn_r * 10 + _rn_d) % 97) = 1 WHEN :text IS NOT "
        "NULL THEN FALSE END",
        postgres=Unsupported("needs a fold over characters"),
    ),
    fn(
        "is_credit_card(text: text) -> BOOLEAN",
        "Whether a text has a card number's length and check digit.",
        "12 to 19 digits, blanks and hyphens allowed, Luhn checksum (ISO/IEC 7812).",
        ("is_credit_card('4111 1111 1111 1111')", "TRUE"),
        ("is_credit_card('4111 1111 1111 1112')", "FALSE"),
        build="CASE WHEN regexp_matches(:text, '^[0-9 -]+$') AND length(regexp_replace(:text, '[ -]', '', 'g')) "
        "BETWEEN 12 AND 19 THEN "
        "list_sum(list_transform(regexp_extract_all(lpad(regexp_replace(:text, '[ -]', '', 'g'), 20, '0'), '..'), "
        "lambda _rn_p: CAST(right(_rn_p, 1) AS BIGINT) + CAST(left(_rn_p, 1) AS BIGINT) * 2 - CASE WHEN left(_rn_p, "
        "1) >= '5' THEN 9 ELSE 0 END)) % 10 = 0 "
        "WHEN :text IS NOT NULL THEN FALSE END",
        postgres=Unsupported("needs a sum over characters"),
    ),
    fn(
        "is_date(text: text, format: text = '%Y-%m-%d') -> BOOLEAN",
        "Whether a text is a date in a format.",
        "strptime codes; the day must exist.",
        ("is_date('2024-02-29')", "TRUE"),
        ("is_date('2025-02-29')", "FALSE"),
        build="CASE WHEN :text IS NOT NULL THEN NOT (try_strptime(:text, :format)) IS NULL END",
        literals=("format",),
        may_fail=True,
    ),
    fn(
        "is_between(value: same, low: same, high: same) -> BOOLEAN",
        "Whether a value lies within two limits.",
        "Both limits included.",
        ("is_between(5, 1, 10)", "TRUE"),
        build="(:value) BETWEEN (:low) AND (:high)",
        nulls="NULL when an argument is NULL, unless one limit alone already says FALSE.",
    ),
)
