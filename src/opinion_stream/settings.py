"""Settings of an installation: environment variables in, one frozen object out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from opinion_stream.errors import SettingsError

if TYPE_CHECKING:
    from opinion_stream.domain.collection.keys import KeyRing

PREFIX = "OPINION_"


Security = Literal["plaintext", "tls", "sasl_tls"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256"]


@dataclass(frozen=True)
class Broker:
    """How to reach Kafka: HOST:PORT[,HOST:PORT], whether by TLS, and as whom. `password` never shows in a repr."""

    bootstrap: str
    security: Security = "plaintext"
    ca: Path | None = None
    """The authority that signed the broker's certificate; None: those the machine trusts."""
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: Mechanism = "SCRAM-SHA-512"


class Settings(BaseModel):
    """Every setting is an environment variable `OPINION_` + the field's name in capitals.

    A secret may also be read from the file that `OPINION_<NAME>_FILE` names.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kafka_bootstrap: str | None = None
    """HOST:PORT[,HOST:PORT] of Kafka; unset: `demo` starts the embedded broker, workers refuse to start."""
    kafka_security: Security = "plaintext"
    """`sasl_tls`: a user with a password (SCRAM) over TLS, what a shared Kafka needs; `tls`: TLS alone, or with a
    certificate of one's own; `plaintext`: only for a broker on this machine or in a closed network."""
    kafka_ca: Path | None = None
    """PEM of the authority that signed the broker's certificate; unset: those the machine trusts."""
    kafka_certificate: Path | None = None
    """PEM of one's own certificate (mutual TLS), with `kafka_key`."""
    kafka_key: Path | None = None
    kafka_username: str | None = Field(default=None, min_length=1, max_length=200)
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None
    kafka_mechanism: Mechanism = "SCRAM-SHA-512"
    topic_prefix: str = Field(default="opinion", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")
    partitions: int = Field(default=4, ge=1, le=512)
    replication: int = Field(default=1, ge=1, le=7)
    config: Path = Path("config")
    """Folder of the policy YAML."""
    model: Path | None = None
    """Folder of a trained category model (`opinion-stream train`); unset: the lexicon alone."""
    state_dir: Path = Path(".opinion-stream/state")
    """Where workers keep their RocksDB; lost files are rebuilt from the changelog topics."""
    pseudonym_key: SecretStr | None = Field(default=None, min_length=16)
    """Keys the pseudonyms and seals dead letters: at least 16 characters, or a list of keys (`docs/privacy.md`)."""
    pseudonym_key_file: Path | None = None
    standby: bool = False
    """Keep copies of the state of partitions that other workers own, so that taking one over takes no reading."""
    clock: Literal["system", "topic"] = "system"
    """`topic`: deadlines follow the clock topic (simulations and tests)."""
    batch_size: int = Field(default=500, ge=1, le=10_000)
    batch_seconds: float = Field(default=0.05, gt=0, le=10)
    """Longest wait for a batch to fill."""
    fetch_wait_seconds: float = Field(default=0.5, gt=0, le=60)
    """Longest wait of a fetch for new records; Kafka answers at once when there are any."""
    watch_seconds: float = Field(default=3.0, ge=0, le=3600)
    """How often the file of watch rules is looked at; a change takes effect at the next batch."""
    tick_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often deadlines are looked at when the clock is `system`."""
    commit_seconds: float = Field(default=1.0, gt=0, le=60)
    session_seconds: float = Field(default=10.0, ge=3, le=300)
    """After so long without a sign of life the broker gives a worker's partitions to another."""
    broker_wait_seconds: float = Field(default=600.0, ge=0, le=86_400)
    """So long every service waits at its start for a broker that does not answer, and a worker with work in hand."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port for `/metrics`, `/healthz` and `/readyz`; 0: none."""
    metrics_host: str = "127.0.0.1"
    """Address the port is opened on; other than this machine's own it needs a token."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What Prometheus must show as bearer token to read `/metrics`."""
    metrics_token_file: Path | None = None
    intake_host: str = "127.0.0.1"
    """Where the HTTP intake listens; another address than this machine's own needs TLS or a proxy that ends it."""
    intake_port: int = Field(default=8088, ge=0, le=65535)
    intake_behind_proxy: bool = False
    """True: a proxy before the intake ends TLS."""
    intake_tls_cert: Path | None = None
    intake_tls_key: Path | None = None
    intake_max_body_bytes: int = Field(default=5 * 1024 * 1024, ge=1000, le=64 * 1024 * 1024)
    intake_max_items: int = Field(default=1000, ge=1, le=10_000)
    """Most mentions in one request."""
    intake_rate: float = Field(default=2000, gt=0, le=1_000_000)
    """Mentions a second that one client may hand in."""
    intake_queue_mentions: int = Field(default=10_000, ge=100, le=1_000_000)
    """Most mentions that wait for the broker's acknowledgement; more are answered 503."""
    intake_queue_bytes: int = Field(default=64 * 1024 * 1024, ge=1_000_000)
    """Most bytes of them, and of bodies that are being read; at least `intake_max_body_bytes`."""
    intake_ack_seconds: float = Field(default=5.0, gt=0, le=60)
    """Longest wait for the broker's acknowledgement before the answer is 503."""
    ledger_url: SecretStr | None = None
    """Database of the ledger: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DB; unset: a file below `state_dir`."""
    ledger_url_file: Path | None = None
    ledger_schema: str = Field(default="ledger", pattern=r"^[a-z_][a-z0-9_]{0,50}$")
    """Schema of the ledger in a PostgreSQL."""
    ledger_batch: int = Field(default=1000, ge=1, le=20_000)
    """Most records written in one transaction; the most that wait in memory beside what the client has fetched."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def secret_key(self) -> KeyRing:
        """The keys of pseudonyms and seals: one, or several with the days from which they are in force.

        Raises SettingsError when neither the variable nor the file gives one of at least 16 characters.
        """
        from opinion_stream.adapters.key_file import read_keys

        variable = "OPINION_PSEUDONYM_KEY" if self.pseudonym_key is not None else "OPINION_PSEUDONYM_KEY_FILE"
        return read_keys(self.secret_text(), variable)

    def secret_text(self) -> str:
        """The key or the list of keys as it was given. Raises SettingsError when there is none."""
        if self.pseudonym_key is not None:
            return self.pseudonym_key.get_secret_value()
        if self.pseudonym_key_file is not None:
            return text_of("OPINION_PSEUDONYM_KEY_FILE", self.pseudonym_key_file)
        raise SettingsError(
            "OPINION_PSEUDONYM_KEY is not set: without it authors cannot be pseudonymised. Make one with "
            "`python -c 'import secrets; print(secrets.token_hex(32))'`, keep it safe, and set it for every worker."
        )

    def door_token(self) -> str | None:
        """The token that guards `/metrics`; None: there is none. Raises SettingsError when its file cannot be used."""
        if self.metrics_token is not None:
            return self.metrics_token.get_secret_value()
        if self.metrics_token_file is None:
            return None
        token = text_of("OPINION_METRICS_TOKEN_FILE", self.metrics_token_file)
        if len(token) < 16:
            raise SettingsError("OPINION_METRICS_TOKEN_FILE: the token must have at least 16 characters")
        return token

    def broker(self) -> Broker:
        """How to reach the broker. Raises SettingsError naming the variable that is missing or cannot be read."""
        password = None
        if self.kafka_security == "sasl_tls":
            password = self._kafka_password()
            if self.kafka_username is None:
                raise SettingsError("OPINION_KAFKA_USERNAME is not set: sasl_tls needs the user that Kafka knows")
        return Broker(
            bootstrap=self.bootstrap(),
            security=self.kafka_security,
            ca=self.kafka_ca,
            certificate=self.kafka_certificate,
            key=self.kafka_key,
            username=self.kafka_username,
            password=password,
            mechanism=self.kafka_mechanism,
        )

    def _kafka_password(self) -> str:
        if self.kafka_password is not None:
            return self.kafka_password.get_secret_value()
        if self.kafka_password_file is None:
            raise SettingsError("OPINION_KAFKA_PASSWORD or OPINION_KAFKA_PASSWORD_FILE is not set: sasl_tls needs it")
        return text_of("OPINION_KAFKA_PASSWORD_FILE", self.kafka_password_file)

    def ledger_address(self) -> str:
        """Address of the ledger's database. Raises SettingsError when the file that should name it cannot be read."""
        if self.ledger_url is not None:
            return self.ledger_url.get_secret_value()
        if self.ledger_url_file is None:
            return f"sqlite:///{self.state_dir / 'ledger.sqlite'}"
        return text_of("OPINION_LEDGER_URL_FILE", self.ledger_url_file)

    def bootstrap(self) -> str:
        """Address of the broker. Raises SettingsError when none is set."""
        if self.kafka_bootstrap:
            return self.kafka_bootstrap
        raise SettingsError(
            "OPINION_KAFKA_BOOTSTRAP is not set: name the broker as HOST:PORT, e.g. 127.0.0.1:9092 "
            "(`opinion-stream demo` brings a broker of its own)."
        )


def text_of(name: str, path: Path) -> str:
    """The text of a file that variable `name` names, without space around. Raises SettingsError naming the variable."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}: cannot be read: {error.strerror}") from error


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; `overrides` win. Raises SettingsError naming the variable."""
    # Not by pydantic-settings: importing it takes every command and worker 0.1 s, for what is one line here.
    names = {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    given: dict[str, object] = {name: os.environ[key] for name, key in names.items() if key in os.environ}
    given |= {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        lines = [f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsError("\n".join(lines)) from error
