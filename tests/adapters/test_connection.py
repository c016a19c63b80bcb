"""How clients reach the broker: what the settings say arrives at the client, and what is missing is named."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from opinion_stream.adapters.connection import client_options, faust_credentials
from opinion_stream.errors import SettingsError
from opinion_stream.settings import Broker, load_settings

CERTIFICATES = Path(__file__).parents[2] / "deploy" / "kafka" / "certificates.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    subprocess.run([sys.executable, CERTIFICATES, made, "127.0.0.1"], check=True)
    return made


def test_an_address_alone_needs_no_login() -> None:
    assert client_options("127.0.0.1:9092") == {"bootstrap_servers": "127.0.0.1:9092"}
    assert client_options(Broker("k:9092")) == {"bootstrap_servers": "k:9092"}
    assert faust_credentials(Broker("k:9092")) is None


def test_a_login_goes_over_tls_that_checks_the_name(folder: Path) -> None:
    broker = Broker("k:9093", "sasl_tls", ca=folder / "ca.pem", username="opinion-notify", password="secret")
    options = client_options(broker)
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("opinion-notify", "secret")
    context = options["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert faust_credentials(broker).protocol.value == "SASL_SSL"


def test_tls_alone_may_carry_a_certificate_of_ones_own(folder: Path) -> None:
    broker = Broker("k:9093", "tls", ca=folder / "ca.pem", certificate=folder / "broker.pem", key=folder / "broker.pem")
    assert client_options(broker)["security_protocol"] == "SSL"
    assert faust_credentials(broker).protocol.value == "SSL"


def test_a_certificate_that_cannot_be_used_is_named_by_its_variable(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate", encoding="utf-8")
    with pytest.raises(SettingsError, match="OPINION_KAFKA_CA"):
        client_options(Broker("k:9093", "tls", ca=bad))
    with pytest.raises(SettingsError, match="OPINION_KAFKA_CERTIFICATE"):
        client_options(Broker("k:9093", "tls", certificate=bad, key=bad))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "OPINION_KAFKA_PASSWORD"),
        ({"kafka_password": "x"}, "OPINION_KAFKA_USERNAME"),
        ({"kafka_username": "u", "kafka_password_file": "/no/such/file"}, "OPINION_KAFKA_PASSWORD_FILE"),
    ],
)
def test_what_a_login_lacks_is_named(given: dict[str, str], named: str) -> None:
    settings = load_settings(kafka_bootstrap="k:9093", kafka_security="sasl_tls", **given)
    with pytest.raises(SettingsError, match=named):
        settings.broker()


def test_the_password_may_stand_in_a_file_and_never_shows(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from-a-file\n", encoding="utf-8")
    settings = load_settings(
        kafka_bootstrap="k:9093", kafka_security="sasl_tls", kafka_username="u", kafka_password_file=file
    )
    broker = settings.broker()
    assert broker.password == "from-a-file"
    assert "from-a-file" not in repr(broker) + repr(settings)
