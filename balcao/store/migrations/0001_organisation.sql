-- The first schema of Balcão.
--
-- The conversation row is the lock and the clock of all that happens in it: whoever changes a
-- message, a task or a leg holds it FOR UPDATE and takes the next number of `version`. What a
-- reader has not seen yet is then "version > the last one I saw", whatever committed when.
-- Rules that a constraint can hold are held by a constraint, and the rest by `balcao check`.
-- Names are kept when things are removed: nothing that a task ever touched is deleted.

create table organisation (
    id                 smallint primary key default 1 check (id = 1),
    version            bigint   not null default 1,   -- grows with every change of configuration
    time_zone          text     not null default 'America/Sao_Paulo',
    capacity           integer  not null default 5  check (capacity between 0 and 100),
    rona_seconds       integer  not null default 60 check (rona_seconds between 1 and 6000),
    grace_seconds      integer  not null default 50 check (grace_seconds >= 1),
    lost_agent_minutes integer  not null default 10 check (lost_agent_minutes >= 1),
    guests_max         integer  not null default 5  check (guests_max between 1 and 20)
);
insert into organisation default values;

create table person (
    id            bigint generated always as identity primary key,
    email         text not null check (email = lower(email) and email <> ''),
    name          text not null check (name <> ''),
    password_hash text not null,
    role          text not null check (role in ('agent', 'supervisor', 'administrator')),
    disabled_at   timestamptz,
    created_at    timestamptz not null default clock_timestamp(),
    unique (email)
);

create table person_settings (person_id bigint primary key references person, settings jsonb not null default '{}');

create table team (
    id         bigint generated always as identity primary key,
    name       text not null unique check (name <> ''),
    retired_at timestamptz
);

create table team_member (
    team_id bigint not null references team, person_id bigint not null references person, primary key (team_id, person_id)
);
create index team_member_person on team_member (person_id);

create table queue (
    id                  bigint generated always as identity primary key,
    name                text not null unique check (name <> ''),
    rona_seconds        integer check (rona_seconds between 1 and 6000),   -- null: the organisation's
    transfer_unanswered text not null default 'requeue' check (transfer_unanswered in ('requeue', 'end')),
    wait_seconds_max    integer check (wait_seconds_max >= 1),             -- null: for ever; an invitation, ten minutes
    retired_at          timestamptz
);

-- Which teams serve a queue; a team joins in once a task has waited `after_seconds`.
create table queue_team (
    queue_id      bigint  not null references queue,
    team_id       bigint  not null references team,
    after_seconds integer not null default 0 check (after_seconds >= 0),
    primary key (queue_id, team_id)
);

create table entry_point (
    id              bigint generated always as identity primary key,
    phone_number_id text not null unique,              -- Meta's id; webhooks are routed by it
    display_number  text not null check (display_number ~ '^[0-9]+$'),
    name            text not null,
    queue_id        bigint not null references queue,
    access_token    text,                              -- null: the installation's default token
    sends_per_second integer not null default 80 check (sends_per_second > 0),  -- WhatsApp's limit for the number
    retired_at      timestamptz
);

create table aux_code (
    id         bigint generated always as identity primary key,
    kind       text    not null check (kind in ('idle', 'wrap_up')),
    name       text    not null check (name <> ''),
    system_key text    unique,                         -- set on codes that only the system uses
    is_default boolean not null default false,
    position   integer not null default 0,
    retired_at timestamptz,
    unique (kind, name)
);
create unique index aux_code_default on aux_code (kind) where is_default;
insert into aux_code (kind, name, system_key) values ('idle', 'Conexão perdida', 'connection-lost');

-- What an agent's desk allows, and how its wrap-ups end. A list that is null allows everything.
create table desktop_profile (
    id                bigint generated always as identity primary key,
    name              text    not null unique check (name <> ''),
    is_default        boolean not null default false,
    wrap_up_seconds   integer check (wrap_up_seconds >= 1),   -- auto wrap-up after so long; null: off
    wrap_up_may_hold  boolean not null default true,          -- may the agent stop that countdown?
    guests_wrap_up    boolean not null default false,
    queue_ids         bigint[],                               -- to transfer to or to invite from
    team_ids          bigint[],                               -- whose agents may be transferred to or invited
    wrap_up_code_ids  bigint[]
);
create unique index desktop_profile_default on desktop_profile (is_default) where is_default;
insert into desktop_profile (name, is_default) values ('Padrão', true);

-- Every change of configuration moves the organisation's version; views show names from here.
create function organisation_changed() returns trigger language plpgsql as $$
begin
    update organisation set version = version + 1;
    return null;
end $$;
do $$
declare one text;
begin
    foreach one in array array['person', 'team', 'team_member', 'queue', 'queue_team', 'entry_point', 'aux_code',
                               'desktop_profile'] loop
        execute format('create trigger configured after insert or update or delete on %I'
                       ' for each statement execute function organisation_changed()', one);
    end loop;
end $$;

-- One row for each person with the agent's role. Engaged is not stored: it is read off the legs.
create table agent (
    person_id        bigint primary key references person,
    version          bigint not null default 1,
    state            text   not null default 'idle' check (state in ('available', 'idle', 'rona')),
    aux_code_id      bigint references aux_code,
    since            timestamptz not null default clock_timestamp(),
    idle_since       timestamptz,                      -- when the present unbroken idleness began
    signed_in_at     timestamptz,                      -- null: signed out
    team_id          bigint references team,           -- the team chosen at sign-in
    beat_at          timestamptz,                      -- the desk's last answer to a ping
    last_assigned_at timestamptz,                      -- the last offer; longest ago is asked first
    rona_leg_id      bigint,                           -- the offer that was missed, while in rona
    capacity         integer check (capacity between 0 and 100),
    profile_id       bigint references desktop_profile,   -- null: the default one
    check ((state = 'idle') = (aux_code_id is not null))
);

create table session (
    token_hash bytea primary key,                      -- SHA-256 of the cookie's value
    person_id  bigint not null references person,
    team_id    bigint references team,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index session_person on session (person_id);
create table sign_in_failure (email text not null, at timestamptz not null);
create index sign_in_failure_email on sign_in_failure (email, at);
