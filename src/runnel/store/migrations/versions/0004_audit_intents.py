"""Changes that began and have no entry in the audit log yet."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of what was begun."""
    op.create_table(
        "audit_intents",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_audit_intents")),
    )
    op.create_index(op.f("ix_audit_intents_at"), "audit_intents", ["at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_audit_intents_at"), table_name="audit_intents")
    op.drop_table("audit_intents")
