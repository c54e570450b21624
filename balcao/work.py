"""What the parent tells a serving process, on the line between them."""

import msgspec


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a serving process is told; *door* is the number of its listening socket."""

    door: int
    database_url: str
    secret_key: str
    app_secrets: tuple[str, ...]
    verify_token: str
    access_token: str | None
    graph_url: str
    graph_version: str
    media: str
    """Where files are kept: the address of a bucket, or a folder."""
    media_hosts: tuple[str, ...]
    public_url: str | None
    log_format: str
    log_level: str
    version: str
    demonstration: bool
    worker: int
    sockets: tuple[str, ...]
    """Where each worker tells the others its figures, by its number; none where one is alone."""
