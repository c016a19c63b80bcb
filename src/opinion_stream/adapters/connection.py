"""How every client reaches the broker: address, TLS and login, for aiokafka and for Faust."""

from __future__ import annotations

import ssl
from typing import Any

from opinion_stream.errors import SettingsError
from opinion_stream.settings import Broker

METADATA_SECONDS = 15.0
"""How often a member of a group looks which partitions there are. A broker that has just come back may not know its
topics yet; a group that shares partitions out at that moment leaves them lying, and with the libraries' five minutes
nobody reads them for so long."""

Address = str | Broker
"""HOST:PORT of a broker without TLS and login (tests, the embedded one), or all that is needed to get in."""


def name_of(address: Address) -> str:
    """HOST:PORT, for messages."""
    return address if isinstance(address, str) else address.bootstrap


def client_options(address: Address) -> dict[str, Any]:
    """Keyword arguments that any aiokafka client needs to reach the broker.

    Raises SettingsError naming the variable when a certificate or key cannot be used.
    """
    if isinstance(address, str):
        return {"bootstrap_servers": address}
    options: dict[str, Any] = {"bootstrap_servers": address.bootstrap}
    if address.security == "plaintext":
        return options
    options |= {"security_protocol": "SSL", "ssl_context": tls_context(address)}
    if address.security == "sasl_tls":
        options |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": address.mechanism,
            "sasl_plain_username": address.username,
            "sasl_plain_password": address.password,
        }
    return options


def faust_credentials(broker: Broker) -> Any:
    """The same for a Faust app's `broker_credentials`; None without TLS."""
    if broker.security == "plaintext":
        return None
    from faust.auth import SASLCredentials, SSLCredentials

    if broker.security == "tls":
        return SSLCredentials(context=tls_context(broker))
    return SASLCredentials(
        username=broker.username,
        password=broker.password,
        ssl_context=tls_context(broker),
        mechanism=broker.mechanism,
    )


def tls_context(broker: Broker) -> ssl.SSLContext:
    """TLS 1.2 or newer, the broker's name checked against its certificate. Raises SettingsError."""
    try:
        context = ssl.create_default_context(cafile=broker.ca)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"OPINION_KAFKA_CA: {broker.ca} cannot be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.certificate is not None:
        try:
            context.load_cert_chain(broker.certificate, broker.key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"OPINION_KAFKA_CERTIFICATE / OPINION_KAFKA_KEY: {broker.certificate} cannot be used: {error}"
            ) from error
    return context
