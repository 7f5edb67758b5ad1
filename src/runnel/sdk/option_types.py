"""Types of connector options that refuse what a driver would read as something else: hosts, ports, names, certificates."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from runnel.errors import AuthoringError
from runnel.sdk.fields import SecretMark
from runnel.sdk.hosts import check_host, check_url, split_place
from runnel.sdk.tls import tls_context

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_KEY = re.compile(
    r"\s*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s.*-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*", re.DOTALL
)
_SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|api-?key|password|signature", re.IGNORECASE)


def host(text: str) -> str:
    """Check one host name or address; raises ValueError."""
    try:
        return check_host(text)
    except AuthoringError as error:
        raise ValueError(f"{error.what}. {error.hint}") from error


def place(text: str) -> str:
    """Check `host:port`; raises ValueError."""
    try:
        name, port = split_place(text)
    except AuthoringError as error:
        raise ValueError(f"{error.what}. {error.hint}") from error
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def web_address(text: str) -> str:
    """Check an address of http or https; raises ValueError."""
    try:
        check_url(text)
    except AuthoringError as error:
        raise ValueError(f"{error.what}. {error.hint}") from error
    if "#" in text:
        raise ValueError("leave out what stands after `#`: servers never see it")
    return text


def one_line(text: str) -> str:
    """Check that a text has no control characters; raises ValueError."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise ValueError("line breaks and other control characters are not allowed here")
    return text


def database_name(text: str) -> str:
    """Check the name of a database: one that a driver could read as a list of options is none; raises ValueError."""
    one_line(text)
    if "=" in text or "://" in text:
        raise ValueError("write the name alone, without options or an address")
    return text


def certificate(text: str) -> str:
    """Check certificates in PEM; raises ValueError for a path, a key, or broken text."""
    if "PRIVATE KEY" in text:
        raise ValueError("this holds a private key; paste the certificate alone")
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("paste the certificate itself in PEM (it begins with -----BEGIN CERTIFICATE-----), not a path")
    try:
        tls_context(text)
    except AuthoringError as error:
        raise ValueError(error.what) from error
    return text


def private_key(text: str) -> str:
    """Check a private key in PEM without a passphrase; raises ValueError."""
    if not _KEY.fullmatch(text):
        raise ValueError("paste the key itself in PEM (it begins with -----BEGIN PRIVATE KEY-----), not a path")
    if "ENCRYPTED" in text:
        raise ValueError("the key has a passphrase; paste it without one, it is kept encrypted here")
    return text


def headers(given: dict[str, str]) -> dict[str, str]:
    """Check headers of every request; raises ValueError for broken ones, and for those that carry secrets."""
    for name, value in given.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"`{name[:80]}` is no name of a header")
        if _SECRET_HEADER.search(name):
            raise ValueError(
                f"`{name[:80]}` carries a secret; choose it under Authentication, where it is kept encrypted"
            )
        if name.lower() in ("host", "content-length", "transfer-encoding", "connection", "upgrade"):
            raise ValueError(f"`{name[:80]}` is set by the client itself")
        one_line(value)
    return given


def header_name(text: str) -> str:
    """Check the name of a header; raises ValueError."""
    if not _TOKEN.fullmatch(text) or text.lower() in ("host", "content-length", "transfer-encoding", "connection"):
        raise ValueError("write the name of a header, such as X-Api-Key")
    return text


Host = Annotated[str, AfterValidator(host)]
Place = Annotated[str, AfterValidator(place)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
WebAddress = Annotated[str, AfterValidator(web_address)]
OneLine = Annotated[str, AfterValidator(one_line)]
DatabaseName = Annotated[str, AfterValidator(database_name)]
Headers = Annotated[dict[str, str], AfterValidator(headers)]
HeaderName = Annotated[str, AfterValidator(header_name)]
CertificatePem = Annotated[str, AfterValidator(certificate)]
PrivateKeyPem = Annotated[str, SecretMark(), AfterValidator(private_key)]
SecretLine = Annotated[str, SecretMark(), AfterValidator(one_line)]
