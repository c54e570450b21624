-- Customers, their conversations, and all that happens in them.

create table customer (
    id           bigint generated always as identity primary key,
    version      bigint not null default 1,
    name         text,                                 -- as edited by us; wins over the profile's
    profile_name text,
    username     text,
    user_id      text,                                 -- BSUID, verbatim
    wa_id        text,                                 -- the address on WhatsApp, verbatim
    language     text,
    tags         text[] not null default '{}',
    fields       jsonb  not null default '{}'
);

-- Every identity ever seen. The customer row has the ones in force.
create table customer_identity (
    kind        text   not null check (kind in ('user_id', 'wa_id')),
    value       text   not null,
    customer_id bigint not null references customer,
    primary key (kind, value)
);
create index customer_identity_customer on customer_identity (customer_id);

create table conversation (
    id              bigint generated always as identity primary key,
    customer_id     bigint not null references customer,
    entry_point_id  bigint not null references entry_point,
    version         bigint not null default 1,
    last_seq        bigint not null default 0,         -- arrival number of the newest message
    last_inbound_at timestamptz,                       -- WhatsApp's time; the 24-hour window runs from here
    waiting_since   timestamptz,                       -- arrival of the oldest unanswered message
    told_read_seq   bigint not null default 0,         -- up to there WhatsApp knows what we have read
    typing_at       timestamptz,                       -- when the customer was last shown that somebody writes
    pair_left       float8 not null default 0,         -- what may still be sent to this customer at once, as of pair_at
    pair_at         timestamptz,                       -- none: nothing was sent yet
    unique (customer_id, entry_point_id)
);

create table task (
    id              bigint generated always as identity primary key,
    conversation_id bigint not null references conversation,
    version         bigint not null,                   -- steps taken; keys the journal
    queue_id        bigint not null references queue,
    priority        smallint not null default 5 check (priority between 1 and 9),
    opened_at       timestamptz not null,
    queued_at       timestamptz not null,              -- the place in the queue
    ended_at        timestamptz,                       -- for the customer; wrap-up may go on
    opened_seq      bigint not null,                   -- conversation.last_seq when it was opened
    from_kind       text not null default 'queue' check (from_kind in ('queue', 'transfer')),
    from_by         bigint references person,          -- the next offer is said to come from there
    from_note       text,
    referral        jsonb,                             -- the advertisement that led here, as received
    state           text not null check (state in ('queued', 'offered', 'connected', 'wrap-up', 'ended'))
                    -- a copy of what the legs say, so that it can be indexed; never decided from
);
create unique index task_one_open on task (conversation_id) where ended_at is null;
create index task_queued on task (priority, queued_at, id) where state = 'queued';
create index task_conversation on task (conversation_id, id);

create table leg (
    id              bigint generated always as identity primary key,
    task_id         bigint not null references task,
    agent_id        bigint not null references agent,
    role            text   not null check (role in ('primary', 'guest')),
    queue_id        bigint not null references queue,  -- that it was offered for
    direct          boolean not null default false,    -- to this agent and no other
    invitation      integer,                           -- that it rang for
    capacity        integer not null,                  -- what the agent could take in all when it began
    offered_at      timestamptz not null,
    answer_by       timestamptz,                       -- null for a leg that never rang
    connected_at    timestamptz,
    wrap_up_at      timestamptz,
    wrap_up_by      timestamptz,                       -- auto wrap-up submits then
    wrap_up_hold    text not null default 'none' check (wrap_up_hold in ('none', 'allowed', 'held')),
    closed_at       timestamptz,
    outcome         text check (outcome in ('ended', 'transferred', 'handed_over', 'left', 'removed', 'rona', 'abandoned',
                        'withdrawn', 'customer_left', 'lost', 'merged')),
    wrap_up_code_id bigint references aux_code,
    wrap_up_note    text,
    from_kind       text not null default 'queue' check (from_kind in ('queue', 'transfer', 'conference')),
    from_by         bigint references person,
    from_note       text,
    read_seq        bigint not null default 0,         -- what this agent has read, by arrival number
    until_seq       bigint,                            -- what this agent may read, once the part is over
    check ((outcome is null) = (wrap_up_at is null and closed_at is null)),
    check (connected_at is not null or wrap_up_at is null),
    check ((wrap_up_at is null) = (until_seq is null) or closed_at is not null)
);
create unique index leg_one_live_primary on leg (task_id) where role = 'primary' and wrap_up_at is null and closed_at is null;
create unique index leg_one_open_per_agent on leg (task_id, agent_id) where closed_at is null;
create index leg_task on leg (task_id, id);
create index leg_open on leg (agent_id) where closed_at is null;
create index leg_ringing on leg (answer_by) where connected_at is null and closed_at is null;
create index leg_wrapping on leg (wrap_up_by) where wrap_up_by is not null and closed_at is null;
create index leg_closed on leg (agent_id, closed_at) where closed_at is not null;
create index leg_missed on leg (closed_at) where outcome in ('rona', 'abandoned', 'lost');
alter table agent add foreign key (rona_leg_id) references leg;

-- Who is asked into a task. One to a queue waits there, in the place of its moment.
create table invitation (
    task_id    bigint  not null references task,
    number     integer not null,
    by_id      bigint  not null references agent,      -- the owner, who is told what becomes of it
    agent_id   bigint  references agent,
    queue_id   bigint  references queue,
    invited_at timestamptz not null,
    expires_at timestamptz,                            -- one to a queue waits no longer
    closed_at  timestamptz,
    answer     text check (answer in ('accepted', 'cancelled', 'abandoned', 'withdrawn', 'expired')),
    primary key (task_id, number),
    check ((agent_id is null) <> (queue_id is null)),
    check ((closed_at is null) = (answer is null))
);
create index invitation_open on invitation (queue_id, invited_at) where closed_at is null;
alter table leg add foreign key (task_id, invitation) references invitation;

-- The journal of tasks: exactly one row for each step, written with it. Nothing decides from it.
create table event (
    task_id bigint  not null references task,
    version bigint  not null,
    at      timestamptz not null,
    code    text    not null,
    params  jsonb   not null default '{}',
    by_kind text    not null check (by_kind in ('agent', 'supervisor', 'administrator', 'customer', 'system')),
    by_id   bigint,
    reason  text,
    primary key (task_id, version)
);

-- The journal of agents: who changed whose state, and why.
create table agent_event (
    id       bigint generated always as identity primary key,
    agent_id bigint not null references agent,
    at       timestamptz not null,
    code     text   not null,
    params   jsonb  not null default '{}',
    by_kind  text   not null check (by_kind in ('agent', 'supervisor', 'administrator', 'customer', 'system')),
    by_id    bigint,
    reason   text
);
create index agent_event_agent on agent_event (agent_id, at);

create table message (
    id              bigint generated always as identity primary key,
    conversation_id bigint not null references conversation,
    entry_point_id  bigint not null references entry_point,
    task_id         bigint references task,
    seq             bigint not null,                   -- arrival number in the conversation, gapless
    version         bigint not null,                   -- conversation.version of the last change
    direction       text   not null check (direction in ('in', 'out', 'note', 'system')),
    type            text   not null,
    text            text,
    payload         jsonb,                             -- what the type says beyond the text, as received
    at              timestamptz not null,
    second          bigint not null,                   -- Unix second of `at`; a thread is ordered by (second, seq)
    author_kind     text   not null check (author_kind in ('customer', 'agent', 'system')),
    author_id       bigint,
    author_name     text,                              -- as it was when this was written
    wamid           text,                              -- inbound: WhatsApp's id; a repeat ends at the unique index
    quoted_wamid    text,
    status          text check (status in ('pending', 'sending', 'accepted', 'sent', 'delivered', 'read', 'played',
                        'failed', 'unconfirmed')),
    attempt         integer not null default 0,
    error           jsonb,                             -- {code, params, action}
    dismissed       boolean not null default false,
    doubted         boolean not null default false,    -- unconfirmed, and WhatsApp has told of later ones meanwhile
    client_id       text,
    system          jsonb,                             -- {code, params} of a system line
    due_at          timestamptz,                       -- pending: not before
    lease_by        timestamptz,                       -- sending: unconfirmed after
    tries           integer not null default 0,        -- calls within this attempt that surely did nothing
    amended         boolean not null default false,    -- there are amendments: most have none, and are not looked at
    unique (conversation_id, seq),
    check ((direction = 'out') = (status is not null)),
    check (direction <> 'in' or wamid is not null)
);
create unique index message_wamid on message (entry_point_id, wamid) where wamid is not null;
create unique index message_client on message (author_id, client_id) where client_id is not null;
create index message_thread on message (conversation_id, second desc, seq desc);
create index message_changed on message (conversation_id, version);
create index message_unsettled on message (conversation_id, seq) where status in ('pending', 'sending', 'unconfirmed');

-- What was done to a message afterwards, append-only: the message itself stays as it came, and how it is
-- shown follows from all of these.  A repeat ends at the unique constraint.
create table amendment (
    id          bigint generated always as identity primary key,
    message_id  bigint not null references message,
    wamid       text,                                  -- of the amendment itself; none: it is ours
    act         text   not null check (act in ('reaction', 'edit', 'revoke')),
    author_kind text   not null check (author_kind in ('customer', 'agent')),
    author_id   bigint,                                -- none for the customer of the conversation
    author_name text,
    text        text,                                  -- the emoji (none: taken back), or the new text
    second      bigint not null,
    at          timestamptz not null,
    unique (message_id, wamid),
    check ((author_kind = 'customer') = (wamid is not null))
);

-- What the business thinks of a customer's message, and what WhatsApp knows of that: while the two may differ it is due.
create table reaction (
    message_id  bigint primary key references message,
    emoji       text,                                  -- none: taken away
    author_id   bigint not null,                       -- who asked for it last
    author_name text   not null,
    after_seq   bigint not null,                       -- what was written up to there goes out before it
    told        text,                                  -- what WhatsApp has taken last
    wamid       text,                                  -- under which it has; a status may still say that it failed
    asked_at    timestamptz not null,
    due_at      timestamptz,                           -- none: there is nothing to tell
    tries       integer not null default 0
);
create index reaction_due on reaction (due_at) where due_at is not null;
create unique index reaction_wamid on reaction (wamid) where wamid is not null;

-- One row for each try to send a message that WhatsApp may have seen; statuses find their message by it.
create table attempt (
    message_id bigint  not null references message,
    attempt    integer not null,
    started_at timestamptz not null,
    wamid      text,
    primary key (message_id, attempt)
);
create index attempt_started on attempt (started_at);
create unique index attempt_wamid on attempt (wamid) where wamid is not null;

-- Every status ever received, append-only; a repeat ends at the primary key.
create table message_status (
    message_id bigint  not null references message,
    attempt    integer not null,
    status     text    not null,
    at         timestamptz not null,
    error      jsonb,
    primary key (message_id, attempt, status)
);

-- What the customer's phone is still to be told of us: how far we have read, and that somebody writes.
create table receipt (
    conversation_id bigint primary key references conversation,
    seq             bigint not null,                   -- of the customer's newest message
    wamid           text   not null,
    typing_until    timestamptz,                       -- somebody writes, as far as is known
    asked_at        timestamptz not null,
    due_at          timestamptz not null,
    tries           integer not null default 0
);
create index receipt_due on receipt (due_at);

-- What a number may send at the moment; beside its row, which is configuration: a change there is told to all desks.
create table pace (
    entry_point_id bigint primary key references entry_point,
    sent_left      float8 not null default 0,          -- what may still be sent at once, as of sent_at
    sent_at        timestamptz,                        -- none: nothing was sent yet
    refused_at     timestamptz,                        -- since then WhatsApp refuses our access; none: it does not
    probe_at       timestamptz                         -- when one message may try whether that is mended
);

-- Statuses that came before anything to tie them to; applied when the wamid becomes known.
create table early_status (
    wamid       text not null,
    status      text not null,
    at          timestamptz not null,
    error       jsonb,
    received_at timestamptz not null,
    primary key (wamid, status)
);
create index early_status_failed on early_status (wamid) where status = 'failed';

-- What WhatsApp was answered 200 for, as it came. The row itself is the queue.
create table webhook (
    id          bigint generated always as identity primary key,
    received_at timestamptz not null default clock_timestamp(),
    body        bytea not null,
    done_at     timestamptz
);
create index webhook_waiting on webhook (id) where done_at is null;

-- Items that could not be read or placed, each alone, with the reason; kept for a second try.
create table set_aside (
    id              bigint generated always as identity primary key,
    webhook_id      bigint not null references webhook,
    position        text   not null,                   -- where in the body: entry/change/message
    phone_number_id text,
    about           text,                              -- the wamid of the message that it speaks of
    raw             bytea  not null,
    error           text   not null,
    at              timestamptz not null,
    settled_at      timestamptz
);
create index set_aside_open on set_aside (phone_number_id) where settled_at is null;
create index set_aside_about on set_aside (at) where settled_at is null and about is not null;

create table notice (
    id           bigint generated always as identity primary key,
    agent_id     bigint not null references agent,
    code         text   not null,
    params       jsonb  not null default '{}',
    task_id      bigint references task,
    message_id   bigint references message,
    at           timestamptz not null,
    dismissed_at timestamptz
);
create index notice_open on notice (agent_id) where dismissed_at is null;

-- When a router last worked. A longer gap means that nobody could, and counts for no agent.
create table pulse (
    id smallint primary key default 1 check (id = 1),
    at timestamptz not null,
    resumed_at timestamptz not null default 'epoch'       -- when the last such gap ended: absences start anew
);
insert into pulse (at) values (clock_timestamp());

-- The first answer to each Idempotency-Key, given again to a repeat. Swept after 48 hours.
create table idempotency (
    person_id   bigint not null references person,
    key         text   not null,
    fingerprint bytea  not null,                       -- SHA-256 of method, path and body
    status      integer,                               -- null while the first one is being answered
    body        bytea,
    at          timestamptz not null,
    primary key (person_id, key)
);

-- The files of messages, one row for each; what is in them lies outside, by its hash (store/files.py).
create table media (
    id          bigint generated always as identity primary key,
    message_id  bigint unique references message,      -- none: uploaded, and not sent yet
    uploader_id bigint references person,              -- none: of a customer
    direction   text   not null check (direction in ('in', 'out')),
    kind        text   not null check (kind in ('image', 'video', 'audio', 'document', 'sticker')),
    state       text   not null check (state in ('waiting', 'ready', 'failed')),
    name        text,
    mime_type   text   not null,
    size        bigint,
    sha256      text,                                  -- of the content, in hex; inbound: as told, until it is ready
    voice       boolean not null default false,
    animated    boolean not null default false,
    graph_id    text,                                  -- WhatsApp's id: inbound to fetch from, outbound of our upload
    graph_id_at timestamptz,                           -- when we got it: it lives 7 days inbound, 30 days outbound
    url         text,                                  -- where it is, as the webhook said
    tries       integer not null default 0,
    due_at      timestamptz,                           -- waiting: not before
    lease_by    timestamptz,                           -- being fetched: by another after that
    error       jsonb,                                 -- {code, params, action}
    created_at  timestamptz not null,
    check ((direction = 'out') = (uploader_id is not null)),
    check (state <> 'ready' or (size is not null and sha256 is not null)),
    check ((state = 'waiting') = (due_at is not null)),
    check ((state = 'failed') = (error is not null)),
    check (direction = 'out' or message_id is not null)
);
create index media_due on media (due_at) where state = 'waiting';
