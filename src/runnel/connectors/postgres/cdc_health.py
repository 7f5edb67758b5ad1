"""Whether the database is still the one that was followed, and its slot the one that was left: gaps by name, never a jump."""

from __future__ import annotations

from typing import Any

from runnel.connectors.postgres import cdc_session as sessions
from runnel.connectors.postgres.cdc_pgoutput import lsn_number, lsn_text
from runnel.connectors.postgres.cdc_place import Place, Places
from runnel.connectors.receiving.appending import Appending
from runnel.errors import ConnectorError

LOOK_SECONDS = 10.0
WARN_SHARE, ALARM_SHARE = 0.5, 0.75
_SLOT = """
SELECT confirmed_flush_lsn::text, wal_status, plugin, database = current_database(), active_pid,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
    (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size')
FROM pg_replication_slots WHERE slot_name = %s
"""


def checked_system(link: Any, place: Place, wanted: Any) -> tuple[str, int]:
    """Return who the database is; raises ConnectorError where it is another one than before."""
    psycopg2 = sessions.driver()
    try:
        with link.cursor() as cursor:
            cursor.execute("IDENTIFY_SYSTEM")
            system, timeline = cursor.fetchone()[:2]
    except psycopg2.Error as error:
        raise sessions.told(error, "asking who the database is") from error
    if place.slot and place.resnapshot == wanted.resnapshot:
        if place.system and str(system) != place.system:
            what = f"the database is another one (system {system}) than the one that was followed ({place.system})"
            raise ConnectorError("RNL-CDC-007", what, sessions.AGAIN_HINT)
        if place.timeline and int(timeline) != place.timeline:
            what = f"the database went over to a standby or was restored (timeline {timeline}, was {place.timeline})"
            raise ConnectorError("RNL-CDC-007", f"{what}: changes may be missing", sessions.AGAIN_HINT)
    return str(system), int(timeline)


def ready_slot(side: Any, places: Places, wanted: Any, system: tuple[str, int], appending: Appending) -> None:
    """Make publication and slot at the first start or for a new snapshot; later see that the slot is where it was left."""
    place = places.place
    found = sessions.rows(side, _SLOT, [wanted.slot])
    fresh = not place.slot or place.resnapshot != wanted.resnapshot
    if fresh:
        sessions.drop(side, wanted.slot)
        sessions.publish(side, wanted.slot, wanted.tables)
        sessions.rows(side, "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [wanted.slot])
        begun = sessions.rows(side, "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = %s",
                              [wanted.slot])[0][0]  # fmt: skip
        appending.wait()
        sent = lsn_number(begun)
        places.place = Place((sent, 0), sent, system[0], system[1], wanted.slot, wanted.resnapshot, place.chunks)
        places.save()
        return
    if not found:
        raise sessions.slot_gone(wanted.slot)
    confirmed, status = found[0][:2]
    if status == "lost":
        what = f"the database has removed what the slot {wanted.slot} needed: changes that were not read are gone"
        raise ConnectorError("RNL-CDC-006", what, sessions.AGAIN_HINT)
    if confirmed is not None and lsn_number(confirmed) > place.sent:
        what = (
            f"somebody else moved the slot {wanted.slot} from {lsn_text(place.sent)} to {confirmed}: "
            "the changes between are gone"
        )
        raise ConnectorError("RNL-CDC-006", what, sessions.AGAIN_HINT)
    place.system, place.timeline = system
    sessions.publish(side, wanted.slot, wanted.tables)


class Health:
    """Looks at the slot of a running source every few seconds."""

    def __init__(self, side: Any, wanted: Any) -> None:
        self._side = side
        self._wanted = wanted
        self._looked = -LOOK_SECONDS
        self._alarmed = False

    def look(self, now: float) -> tuple[int, str, ConnectorError | None] | None:
        """Return how many bytes the database keeps for us, what is wrong, and an alarm the first time; None between looks."""
        if now - self._looked < LOOK_SECONDS:
            return None
        self._looked = now
        found = sessions.rows(self._side, _SLOT, [self._wanted.slot])
        if not found:
            raise sessions.slot_gone(self._wanted.slot)
        status, retained, limit = found[0][1], int(found[0][5]), int(found[0][6])
        if status == "lost":
            what = f"the database has removed what the slot {self._wanted.slot} needed"
            raise ConnectorError("RNL-CDC-006", what, sessions.AGAIN_HINT)
        budget = min(self._wanted.retained_bytes, limit * 1024**2 if limit >= 0 else self._wanted.retained_bytes)
        share = retained / budget if budget else 1.0
        if share < WARN_SHARE:
            self._alarmed = False
            return retained, "", None
        words = f"the database keeps {retained} bytes of its log for this source, {share:.0%} of {budget}"
        if share < ALARM_SHARE or self._alarmed:
            return retained, words, None
        self._alarmed = True
        hint = "Let the stream read faster, or give the database more room (max_slot_wal_keep_size); at 100 % changes are lost."
        return retained, words, ConnectorError("RNL-CDC-010", words, hint, retryable=True)
