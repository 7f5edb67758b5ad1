"""Which columns a share promised to show."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; shares of before have none and show what their charts have."""
    op.add_column("shares", sa.Column("columns", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("shares", "columns")
