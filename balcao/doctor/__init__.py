"""What `balcao doctor` looks at: each finding says what is wrong and what to do about it.

`inside` looks at this machine, its settings and its database; `outside` at how the world sees
the server, and at what WhatsApp has been told of it.  Nothing that is looked at is changed.
"""

import asyncio

from balcao.doctor import inside, outside
from balcao.doctor.inside import of_machine, of_settings
from balcao.doctor.outside import Clock, Told
from balcao.store import health

__all__ = ["Told", "examine", "of_machine", "of_settings"]


async def examine(url: str, told: Told) -> list[str]:
    """What is wrong in the database at *url* and around the server; each finding once."""
    found = await health.look(url)
    clock = Clock(found.at, asyncio.get_running_loop().time()) if found.at else None
    findings = inside.of_database(found, default_token=bool(told.access_token))
    if clock is not None:  # else nothing more is known of a database as old as this
        findings += map(str, await outside.of_address(told, clock))
        findings += map(str, await outside.of_whatsapp(told, found.numbers, clock))
    return list(dict.fromkeys(findings))
