"""TLS as connections use it: today's protocols, the system's certificates or those of a connection, problems in words."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Generator

from runnel.errors import AuthoringError, ConnectorError


def tls_context(
    ca_pem: str | None = None,
    *,
    verify: bool = True,
    check_name: bool = True,
    certificate: tuple[str, str] | None = None,
) -> ssl.SSLContext:
    """Return a context for a client; `ca_pem` is trusted in place of the system's certificates.

    `certificate` are the paths of a client's certificate and key. Raises AuthoringError for text that is no certificate.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify or not check_name:
        made.check_hostname = False
    if not verify:
        made.verify_mode = ssl.CERT_NONE
    try:
        if ca_pem:
            made.load_verify_locations(cadata=ca_pem)
        else:
            made.load_default_certs()
        if certificate is not None:
            made.load_cert_chain(*certificate)
    except (ssl.SSLError, ValueError) as error:
        which = "client certificate and its key" if certificate is not None else "CA certificate"
        what = f"the {which} cannot be read: {getattr(error, 'reason', None) or error}"
        raise AuthoringError("RNL-EGRESS-009", what, "Paste the PEM text, with its BEGIN and END lines.") from error
    return made


def secured(opened: socket.socket, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return the socket with TLS, made for this host; raises ConnectorError that says what did not fit."""
    try:
        return context.wrap_socket(opened, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise _unverified(host, error) from error
    except TimeoutError as error:
        what = f"{host} did not answer the TLS greeting in time"
        raise ConnectorError("RNL-EGRESS-010", what, "Check that this port speaks TLS.", retryable=True) from error
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        what = f"{host} did not take the TLS greeting ({str(reason).replace('_', ' ').lower()})"
        raise ConnectorError("RNL-EGRESS-010", what, "Check that this port speaks TLS, or turn TLS off.") from error


@contextlib.contextmanager
def private_files(folder: str, *texts: str) -> Generator[tuple[str, ...]]:
    """Keep texts in files that only their owner reads, for drivers that take nothing else; removed afterwards."""
    paths = [os.path.join(folder, f"{os.getpid()}-{number}.pem") for number in range(len(texts))]
    try:
        for path, text in zip(paths, texts, strict=True):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
        yield tuple(paths)
    finally:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _unverified(host: str, error: ssl.SSLCertVerificationError) -> ConnectorError:
    words = error.verify_message or str(error)
    what = f"the certificate of {host} is not trusted: {words[:1].lower()}{words[1:]}"
    hint = "Give the certificate of the authority that signed it in the field of the CA certificate."
    if "mismatch" in words.lower() or "not valid for" in words.lower():
        hint = "Use a name that stands in the certificate as the host."
    elif "expired" in words.lower():
        hint = "Its owner must renew it."
    return ConnectorError("RNL-EGRESS-011", what, hint)
