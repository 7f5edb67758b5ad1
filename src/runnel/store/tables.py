"""The tables of the metadata database; metadata only, payloads lie in files."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
Moment = DateTime(timezone=True)

pipelines = Table(
    "pipelines", metadata,
    Column("name", String(200), primary_key=True),
    Column("title", Text),
    Column("path", Text),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("latest_version", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip

versions = Table(
    "versions", metadata,
    Column("id", String(64), primary_key=True),
    Column("pipeline", String(200), nullable=False, index=True),
    Column("semantic_hash", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("graph_definition", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("actor", String(200)),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("id", String(40), primary_key=True),
    Column("pipeline", String(200), nullable=False),
    Column("version", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("cause", String(64)),
    Column("params", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("seconds", Float),
    Column("error", JSON),
    Column("result", JSON),
    Column("owner", JSON, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("actor", String(200)),
    Index("ix_runs_pipeline_started", "pipeline", "started_at"),
    Index("ix_runs_status", "status"),
)  # fmt: skip

tasks = Table(
    "tasks", metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("task", String(300), primary_key=True),
    Column("nodes", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("seconds", Float),
    Column("output_metadata", JSON),
)  # fmt: skip

ledger = Table(
    "ledger", metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, default=0),
    Column("node", String(300), primary_key=True),
    Column("entry", JSON, nullable=False),
)  # fmt: skip

dead_letters = Table(
    "dead_letters", metadata,
    Column("run_id", String(40), primary_key=True),
    Column("node", String(300), primary_key=True),
    Column("pipeline", String(200), nullable=False, index=True),
    Column("count", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("file", Text),
    Column("settled", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

datasets = Table(
    "datasets", metadata,
    Column("name", String(200), primary_key=True),
    Column("location", Text, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

dataset_versions = Table(
    "dataset_versions", metadata,
    Column("dataset", String(200), ForeignKey("datasets.name", ondelete="CASCADE"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("run_id", String(40)),
    Column("mode", String(16), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

files = Table(
    "files", metadata,
    Column("id", String(64), primary_key=True),
    Column("path", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("run_id", String(40)),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

secrets = Table(
    "secrets", metadata,
    Column("name", String(200), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("ciphertext", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip

connections = Table(
    "connections", metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("type", String(64), nullable=False),
    Column("config", JSON, nullable=False),
    Column("secret_fields", JSON, nullable=False),
    Column("secrets", Text),
    Column("key_id", String(32)),
    Column("revision", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("created_by", String(200)),
    Column("tested_at", Moment),
    Column("test", JSON),
)  # fmt: skip

revision = Table("revision", metadata, Column("number", Integer, primary_key=True))

users = Table(
    "users", metadata,
    Column("id", String(32), primary_key=True),
    Column("username", String(200), nullable=False, unique=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("email", Text),
    Column("password_hash", Text),
    Column("role", String(32), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("preferences", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("last_login_at", Moment),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("previous_hash", String(64), index=True),
    Column("address", String(64)),
    Column("agent", Text),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ended_why", String(64)),
)  # fmt: skip

api_tokens = Table(
    "api_tokens", metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)  # fmt: skip

invitations = Table(
    "invitations", metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("created_by", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)  # fmt: skip

shares = Table(
    "shares", metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("pipeline", String(200), nullable=False, index=True),
    Column("nodes", JSON, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("created_by", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("views", BigInteger, nullable=False),
    Column("viewed_at", Moment),
    Column("columns", JSON),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False, index=True),
    Column("actor", JSON, nullable=False),
    Column("actor_name", String(200), nullable=False, index=True),
    Column("action", String(64), nullable=False, index=True),
    Column("object_kind", String(64), nullable=False),
    Column("object_id", String(300), nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer, nullable=False),
    Column("before", JSON),
    Column("after", JSON),
    Column("request_id", String(64), nullable=False),
    Column("address", String(64)),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip

audit_head = Table(
    "audit_head", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip

audit_intents = Table(
    "audit_intents", metadata,
    Column("request_id", String(64), primary_key=True),
    Column("at", String(40), nullable=False, index=True),
    Column("actor", JSON, nullable=False),
    Column("action", String(64), nullable=False),
    Column("object_kind", String(64), nullable=False),
    Column("object_id", String(300), nullable=False),
    Column("address", String(64)),
)  # fmt: skip

answered_requests = Table(
    "answered_requests", metadata,
    Column("key", String(64), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("boot", String(32), nullable=False),
    Column("status", Integer),
    Column("headers", JSON),
    Column("body", Text),
    Column("created_at", Moment, nullable=False, index=True),
)  # fmt: skip

site_settings = Table(
    "site_settings", metadata,
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip

drafts = Table(
    "drafts", metadata,
    Column("name", String(200), primary_key=True),
    Column("path", Text, nullable=False),
    Column("text", Text),
    Column("base_digest", String(64)),
    Column("revision", BigInteger, nullable=False),
    Column("actor", String(200)),
    Column("client", String(64)),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip

uploads = Table(
    "uploads", metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("target", Text),
    Column("actor", String(200)),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip
