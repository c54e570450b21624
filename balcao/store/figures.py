"""What there is on the floor, in numbers for those who run it."""

from __future__ import annotations

from datetime import timedelta

from balcao.store.database import Tx

MISSED_WITHIN = timedelta(hours=1)


async def counts(tx: Tx) -> dict[str, int]:
    """How many of each thing there are now, by a short name."""
    row = await tx.fetchrow(
        "select (select count(*) from task where state = 'queued') as tasks_queued,"
        " (select count(*) from leg where connected_at is null and closed_at is null)"
        "  as offers_ringing,"
        " (select count(*) from leg where connected_at is not null and wrap_up_at is null"
        "  and closed_at is null) as legs_connected,"
        " (select count(*) from invitation where closed_at is null) as invitations_open,"
        " m.rona as rona_last_hour, m.abandoned as abandoned_last_hour, m.lost as lost_last_hour,"
        " (select count(*) from agent where signed_in_at is not null) as agents_signed_in,"
        " (select count(*) from agent where signed_in_at is not null and state = 'available')"
        "  as agents_available,"
        " (select count(*) from webhook where done_at is null) as webhooks_waiting,"
        " (select count(*) from message where status in ('pending', 'sending'))"
        "  as messages_unsettled,"
        " (select count(*) from set_aside where settled_at is null) as items_set_aside"
        " from (select count(*) filter (where outcome = 'rona') as rona,"
        "  count(*) filter (where outcome = 'abandoned') as abandoned,"
        "  count(*) filter (where outcome = 'lost') as lost from leg"
        "  where outcome in ('rona', 'abandoned', 'lost') and closed_at > $1) m",
        await tx.now() - MISSED_WITHIN,
    )
    assert row is not None
    return dict(row)
