"""Every code of a source whose columns changed, with one sentence each; the reference pages are made from it."""

from __future__ import annotations

CHANGED = "RNL-SCHEMA-001"
FORBIDDEN = "RNL-SCHEMA-002"
KEPT_TYPES = "RNL-SCHEMA-003"
LEFT_OUT = "RNL-SCHEMA-004"
GONE = "RNL-SCHEMA-005"
CANNOT_KEEP = "RNL-SCHEMA-006"

codes: dict[str, str] = {
    CHANGED: "The columns of a source differ from those of the last good run; the pipeline goes on with the new ones.",
    FORBIDDEN: "The columns of a source differ from those of the last good run, and `schema: fail` forbids that.",
    KEPT_TYPES: "A source is read with the types it had, and what does not fit becomes dead letters (`dead_letter`).",
    LEFT_OUT: "New columns of a source are left out, as `schema: dead_letter` asks.",
    GONE: "A column of a source is gone, and no record can stand for it (`schema: dead_letter`).",
    CANNOT_KEEP: "A source changed that cannot be read with the types it had, so `schema: dead_letter` stops here.",
}
