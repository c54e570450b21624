"""WhatsApp's customer-service window: free text, or templates only?

It is open for 24 hours from the customer's last message by WhatsApp's clock.  We
close it a minute early, because that clock is not ours and a refusal costs the
agent more than the minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta

LENGTH = timedelta(hours=24)
MARGIN = timedelta(seconds=60)


def closes_at(last_inbound_at: datetime | None) -> datetime | None:
    """When the window closes; None where the customer has never written."""
    return None if last_inbound_at is None else last_inbound_at + LENGTH - MARGIN


def is_open(last_inbound_at: datetime | None, at: datetime) -> bool:
    """Whether free text may be sent at *at*."""
    closing = closes_at(last_inbound_at)
    return closing is not None and at < closing
