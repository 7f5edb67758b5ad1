"""Digests, encodings and masking of personal data."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.functions.model import Unsupported, fn


def _hash_id(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    """Build md5 over every value as text with its length before it, '-' standing for NULL."""
    parts: list[Tree] = []
    for arg in args:
        text = exp.cast(arg, "VARCHAR")
        size = exp.cast(call("length", text.copy()), "VARCHAR")
        parts.append(
            call(
                "coalesce",
                exp.DPipe(this=exp.DPipe(this=size, expression=exp.Literal.string(":")), expression=text),
                exp.Literal.string("-"),
            )
        )
    return call("md5", call("concat", *parts))


FUNCTIONS = (
    fn(
        "md5(text: text) -> VARCHAR",
        "MD5 digest in hex.",
        "Of the UTF-8 bytes, 32 small hex digits; fit for keys, not for secrets.",
        ("md5('a')", "'0cc175b9c0f1b6a831c399e269772661'"),
    ),
    fn(
        "sha1(text: text) -> VARCHAR",
        "SHA-1 digest in hex.",
        "Of the UTF-8 bytes, 40 small hex digits; not for secrets.",
        ("sha1('a')", "'86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'"),
        postgres=Unsupported("needs the pgcrypto extension"),
    ),
    fn(
        "sha256(text: text) -> VARCHAR",
        "SHA-256 digest in hex.",
        "Of the UTF-8 bytes, 64 small hex digits.",
        ("left(sha256('a'), 8)", "'ca978112'"),
    ),
    fn(
        "hash_id(*values: any) -> VARCHAR",
        "A stable key of 32 hex digits from several values.",
        "MD5 over the values as text, each with its length before it, so that ('ab', 'c') and ('a', 'bc') differ; "
        "NULL differs from ''.",
        ("length(hash_id('a', 1))", "32"),
        build=_hash_id,
        nulls="NULL values take part; never NULL.",
    ),
    fn(
        "hex(text: text) -> VARCHAR",
        "UTF-8 bytes in hex.",
        "Capital hex digits.",
        ("hex('az')", "'617A'"),
        aliases=("to_hex",),
    ),
    fn(
        "to_base64(text: text) -> VARCHAR",
        "UTF-8 bytes in base64.",
        "With padding, without line ends.",
        ("to_base64('é')", "'w6k='"),
        aliases=("base64_encode",),
        build="to_base64(encode(:text))",
    ),
    fn(
        "from_base64(text: text) -> VARCHAR",
        "Text from base64.",
        "Fails for what is no base64 or no UTF-8.",
        ("from_base64('w6k=')", "'é'"),
        aliases=("base64_decode",),
        build="decode(from_base64(:text))",
        may_fail=True,
        postgres=Unsupported("PostgreSQL accepts other white space and padding"),
    ),
    fn(
        "url_encode(text: text) -> VARCHAR",
        "Text fit for a URL.",
        "Percent-encodes all but letters, digits and - _ . ~ (RFC 3986).",
        ("url_encode('a b/é')", "'a%20b%2F%C3%A9'"),
        postgres=Unsupported("PostgreSQL has no such function"),
    ),
    fn(
        "url_decode(text: text) -> VARCHAR",
        "Text from a URL.",
        "Reads percent codes; + stays +.",
        ("url_decode('a%20b')", "'a b'"),
        may_fail=True,
        postgres=Unsupported("PostgreSQL has no such function"),
    ),
    fn(
        "mask(text: text, keep: integer = 4, sign: text = '*') -> VARCHAR",
        "All but the last characters hidden.",
        "Each hidden character becomes `sign`; text no longer than `keep` is hidden whole.",
        ("mask('4111111111111111')", "'************1111'"),
        ("mask('abc')", "'***'"),
        build="CASE WHEN length(:text) <= :keep THEN repeat(:sign, length(:text)) ELSE repeat(:sign, length(:text) - "
        ":keep) || right(:text, CAST(greatest(:keep, 0) AS BIGINT)) END",
        may_fail=True,
    ),
    fn(
        "mask_email(text: text) -> VARCHAR",
        "The name of an e-mail address hidden.",
        "First character and domain stay, the rest becomes ***; text without @ becomes ***.",
        ("mask_email('ann@x.org')", "'a***@x.org'"),
        ("mask_email('ann')", "'***'"),
        build="CASE WHEN strpos(:text, '@') > 1 THEN left(:text, 1) || '***' || substring(:text, strpos(:text, '@')) "
        "WHEN :text IS NOT NULL THEN '***' END",
    ),
    fn(
        "mask_digits(text: text, sign: text = '#') -> VARCHAR",
        "Every digit hidden.",
        "ASCII digits only.",
        ("mask_digits('call 030-12')", "'call ###-##'"),
        build="translate(:text, '0123456789', repeat(:sign, 10))",
    ),
    fn(
        "redact(text: text) -> VARCHAR",
        "Text replaced by a fixed marker.",
        "Even the length is hidden; NULL stays NULL, '' too becomes the marker.",
        ("redact('secret')", "'[redacted]'"),
        build="CASE WHEN :text IS NOT NULL THEN '[redacted]' END",
    ),
    fn(
        "redact_pattern(text: text, pattern: text) -> VARCHAR",
        "Every match of a pattern replaced by a marker.",
        "Pattern in RE2 syntax.",
        ("redact_pattern('id 123 ok', '[0-9]+')", "'id [redacted] ok'"),
        build="regexp_replace(:text, :pattern, '[redacted]', 'g')",
        may_fail=True,
    ),
    fn(
        "pseudonym(text: text, salt: text) -> VARCHAR",
        "A stable pseudonym of 16 hex digits.",
        "First half of SHA-256 over salt, a zero-width separator and text: the same text and salt give the same "
        "pseudonym; keep the salt to yourself.",
        ("length(pseudonym('ann', 's'))", "16"),
        build="left(sha256(:salt || '|' || :text), 16)",
    ),
)
