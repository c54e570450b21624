-- What must hold, as queries that find what breaks it: a line for each violation, saying where.
--
-- The number before a name is the promise's among the fifteen of the design; `balcao check` runs
-- them all in one snapshot. No query reads a clock: the time is the checker's, in `balcao.at`.
-- A violation that time alone explains is given five seconds, and is none where no router works
-- or one has only just begun to again. Promises 1 and 5 and a part of 11 are in checker.py.

-- promise: 2 exactly once in
select 'message ' || min(id) from message where wamid is not null
group by entry_point_id, wamid having count(*) > 1;

-- promise: 1 what was done to a message is looked at
select 'message ' || m.id from message m
join (select distinct message_id from amendment) a on a.message_id = m.id where not m.amended;

-- promise: 2 a message is in the thread of its task and its number
select 'message ' || m.id from message m join conversation c on c.id = m.conversation_id
left join task t on t.id = m.task_id
where m.entry_point_id <> c.entry_point_id or t.conversation_id <> m.conversation_id;

-- promise: 3 one live thread
select 'conversation ' || conversation_id from task where ended_at is null
group by conversation_id having count(*) > 1
union all
select 'conversation ' || min(id) from conversation
group by customer_id, entry_point_id having count(*) > 1;

-- promise: 3 an identity is one customer
select 'customer ' || min(id) from customer where user_id is not null
group by user_id having count(*) > 1
union all
select 'customer ' || min(id) from customer where wa_id is not null
group by wa_id having count(*) > 1
union all
select 'customer ' || c.id from customer c
left join customer_identity u on u.kind = 'user_id' and u.value = c.user_id
left join customer_identity w on w.kind = 'wa_id' and w.value = c.wa_id
where u.customer_id <> c.id or w.customer_id <> c.id;

-- promise: 4 deterministic order
select 'conversation ' || c.id from conversation c
left join (select conversation_id, count(*) as number, min(seq) as first, max(seq) as last
           from message group by conversation_id) m on m.conversation_id = c.id
where c.last_seq <> coalesce(m.number, 0) or c.last_seq <> coalesce(m.last, 0) or m.first <> 1
union all
select 'message ' || id from message where second <> floor(extract(epoch from at));

-- promise: 6 task conservation
select 'task ' || t.id from task t left join
    (select task_id, bool_or(wrap_up_at is not null) as wrapping,
     min(case when connected_at is null then 'offered' else 'connected' end)
         filter (where role = 'primary' and wrap_up_at is null) as owner
     from leg where closed_at is null group by task_id) l on l.task_id = t.id
where t.state <> case when t.ended_at is null then coalesce(l.owner, 'queued')
                      when l.wrapping then 'wrap-up' else 'ended' end;

-- promise: 6 nobody rings or talks in an ended task
select 'leg ' || l.id from leg l join task t on t.id = l.task_id
where t.ended_at is not null and l.wrap_up_at is null and l.closed_at is null;

-- promise: 6 a guest is only beside a connected owner
select 'leg ' || g.id from leg g
where g.role = 'guest' and g.wrap_up_at is null and g.closed_at is null
  and not exists (select from leg o where o.task_id = g.task_id and o.role = 'primary'
                  and o.connected_at is not null and o.wrap_up_at is null and o.closed_at is null);

-- promise: 6 what rings has a deadline, and what wraps up has one only while it counts down
select 'leg ' || id from leg
where (connected_at is null and closed_at is null and answer_by is null)
   or (wrap_up_at is null and (wrap_up_by is not null or wrap_up_hold <> 'none'))
   or wrap_up_by < wrap_up_at
   or (wrap_up_hold = 'held' and wrap_up_by is not null)
   or (wrap_up_hold = 'allowed' and wrap_up_by is null);

-- promise: 6 an open invitation is of the one who is connected as owner
select 'invitation ' || i.task_id || '/' || i.number from invitation i
where i.closed_at is null
  and not exists (select from leg o join task t on t.id = o.task_id where o.task_id = i.task_id
                  and t.ended_at is null and o.agent_id = i.by_id and o.role = 'primary'
                  and o.connected_at is not null and o.wrap_up_at is null and o.closed_at is null);

-- promise: 6 an invitation rings while it is open, and is joined if it was accepted
select 'invitation ' || i.task_id || '/' || i.number from invitation i left join
    (select task_id, invitation, count(*) filter (where connected_at is not null) as joined,
     count(*) filter (where connected_at is null and closed_at is null) as ringing,
     count(*) filter (where outcome = 'abandoned') as abandoned
     from leg where invitation is not null group by task_id, invitation) l
on l.task_id = i.task_id and l.invitation = i.number
where coalesce(l.ringing, 0) > case when i.closed_at is null then 1 else 0 end
   or (i.closed_at is null and i.agent_id is not null and l.ringing is distinct from 1)
   or coalesce(l.joined, 0) <> case when i.answer = 'accepted' then 1 else 0 end
   or coalesce(l.abandoned, 0) <> case when i.answer = 'abandoned' then 1 else 0 end;

-- promise: 6 an invitation ends as it may
select 'invitation ' || task_id || '/' || number from invitation
where (expires_at is null) <> (queue_id is null) or closed_at < invited_at
   or (answer = 'expired' and (expires_at is null or closed_at < expires_at))
   or (answer = 'abandoned' and agent_id is null)
union all
select 'task ' || task_id from invitation group by task_id
having min(number) <> 1 or max(number) <> count(*);

-- promise: 6 a part in a task is what it was asked for
select 'leg ' || l.id from leg l
left join invitation i on i.task_id = l.task_id and i.number = l.invitation
where (l.from_kind = 'conference') <> (i.number is not null)
   or (l.role = 'guest' and i.number is null)
   or (l.role = 'primary' and i.number is not null and l.connected_at is null)
   or (i.number is not null and l.direct <> (i.agent_id is not null))
   or l.agent_id <> i.agent_id or l.queue_id <> i.queue_id
   or (l.direct and l.from_kind = 'queue');

-- promise: 6 no customer waits while a fit agent is free
with moment as (
    select now.at, now.at - interval '5 seconds' as before, pulse.resumed_at
    from (select current_setting('balcao.at')::timestamptz as at) now cross join pulse
    where pulse.at > now.at - interval '3 seconds'
      and pulse.resumed_at < now.at - interval '5 seconds'
), waiting as (
    select id as task_id, 'task ' || id as what, queue_id, queued_at as since from task
    where state = 'queued'
    union all
    select i.task_id, 'invitation ' || i.task_id || '/' || i.number, i.queue_id, i.invited_at
    from invitation i cross join moment
    where i.closed_at is null and i.queue_id is not null and i.expires_at > moment.at
      and not exists (select from leg l where l.task_id = i.task_id and l.invitation = i.number
                      and l.closed_at is null)
), free as (
    select a.person_id, a.team_id from agent a
    join person p on p.id = a.person_id and p.disabled_at is null
    cross join organisation o cross join moment
    where a.state = 'available' and a.signed_in_at is not null and a.since < moment.before
      -- An answer to a ping counts for 25 seconds: this desk has been connected since before.
      and a.beat_at between moment.at - interval '20 seconds' and moment.before
      and (select count(*) from leg l where l.agent_id = a.person_id and l.closed_at is null)
          < coalesce(a.capacity, o.capacity)
      and not exists (select from leg l where l.agent_id = a.person_id
                      and l.closed_at > moment.before)
)
select distinct w.what from waiting w
join queue_team q on q.queue_id = w.queue_id join free on free.team_id = q.team_id cross join moment
where w.since < moment.before - make_interval(secs => q.after_seconds)
  and not exists (select from leg l where l.task_id = w.task_id
                  and (l.closed_at > moment.before
                       or (l.agent_id = free.person_id and l.closed_at is null)));

-- promise: 7 single offer
select 'task ' || task_id from leg
where role = 'primary' and wrap_up_at is null and closed_at is null
group by task_id having count(*) > 1
union all
select 'task ' || task_id from leg where closed_at is null
group by task_id, agent_id having count(*) > 1;

-- promise: 8 single winner
select 'leg ' || id from leg
where connected_at >= answer_by
   or (outcome in ('rona', 'abandoned') and (closed_at < answer_by or answer_by is null))
   or (outcome in ('rona', 'abandoned', 'withdrawn') and connected_at is not null)
   or (outcome = 'rona' and direct) or (outcome = 'abandoned' and not direct);

-- promise: 8 a part ends once, in a way that it can
select 'leg ' || id from leg
where connected_at < offered_at or wrap_up_at < connected_at
   or closed_at < greatest(offered_at, connected_at, wrap_up_at)
   or (connected_at is null and outcome not in ('rona', 'abandoned', 'withdrawn', 'customer_left'))
   or (outcome in ('transferred', 'handed_over') and role <> 'primary')
   or (outcome in ('left', 'removed') and role <> 'guest')
   or (outcome in ('transferred', 'handed_over', 'ended') and role = 'primary'
       and wrap_up_at is null)
   or (outcome in ('rona', 'abandoned', 'withdrawn', 'customer_left', 'lost')
       and (wrap_up_at is not null or closed_at is null));

-- promise: 9 capacity
-- Counted whenever a leg began, against what its agent could take at that moment: a capacity that
-- was lowered later leaves present legs alone.
with moves as (
    select agent_id, offered_at as at, 1 as step, id, capacity from leg
    union all
    select agent_id, closed_at, -1, id, null from leg where closed_at is not null
), loads as (
    select agent_id, step, capacity, sum(step) over (partition by agent_id order by at, step, id) as load
    from moves
)
select distinct 'agent ' || agent_id from loads where step = 1 and load > capacity;

-- promise: 10 no deadline is left behind
with due as (
    select 'leg ' || id as what, answer_by as at from leg
    where connected_at is null and closed_at is null
    union all
    select 'leg ' || id, wrap_up_by from leg where wrap_up_by is not null and closed_at is null
    union all
    select 'invitation ' || i.task_id || '/' || i.number, greatest(i.expires_at, max(l.closed_at))
    from invitation i left join leg l on l.task_id = i.task_id and l.invitation = i.number
    where i.closed_at is null and i.expires_at is not null
    group by i.task_id, i.number having count(l.id) = count(l.closed_at)
)
select due.what from due cross join pulse
cross join (select current_setting('balcao.at')::timestamptz as at) now
where due.at < now.at - interval '5 seconds' and pulse.at > now.at - interval '3 seconds'
  and pulse.resumed_at < now.at - interval '5 seconds'
union all
select 'message ' || id from message where status in ('pending', 'sending')
  and case status when 'pending' then due_at else lease_by end is null;

-- promise: 10 no orphan
with absent as (
    select a.person_id, a.state, a.aux_code_id, o.grace_seconds, o.lost_agent_minutes,
        a.signed_in_at is null as out, a.since > now.at - interval '5 seconds' as changed,
        p.disabled_at < now.at - interval '5 seconds' and pulse.works as disabled,
        now.at - interval '5 seconds' - greatest(coalesce(a.beat_at, a.signed_in_at),
            pulse.resumed_at) as silent, pulse.works
    from agent a join person p on p.id = a.person_id cross join organisation o
    cross join (select current_setting('balcao.at')::timestamptz as at) now
    cross join lateral (select resumed_at, at > now.at - interval '3 seconds'
        and resumed_at < now.at - interval '5 seconds' as works from pulse) pulse
), gone as (
    select *, disabled or (works and silent > make_interval(mins => lost_agent_minutes)) as lost,
        works and silent > make_interval(secs => grace_seconds) as away
    from absent
)
select 'leg ' || l.id from leg l join gone g on g.person_id = l.agent_id
where l.closed_at is null and (g.out or g.lost or (g.away and l.connected_at is null))
union all
select 'agent ' || g.person_id from gone g left join aux_code x on x.id = g.aux_code_id
where not g.out and not g.changed
  and (g.lost or (g.away and g.state <> 'rona'
                  and x.system_key is distinct from 'connection-lost'));

-- promise: 11 at most one effect out
select 'message ' || m.id from message m
left join attempt a on a.message_id = m.id and a.attempt = m.attempt
where m.direction = 'out'
  and ((m.status not in ('pending', 'failed') and a.message_id is null)
       or (m.status = 'accepted' and a.wamid is null) or m.wamid is distinct from a.wamid);

-- promise: 11 nothing was tried or told of that was not to be sent
select 'message ' || a.message_id from attempt a join message m on m.id = a.message_id
where m.direction <> 'out' or a.attempt not between 1 and m.attempt
union all
select 'message ' || s.message_id from message_status s
left join attempt a on a.message_id = s.message_id and a.attempt = s.attempt
where a.message_id is null
union all
select 'message ' || min(message_id) from attempt where wamid is not null
group by wamid having count(*) > 1;

-- promise: 12 order out
select 'conversation ' || conversation_id from message where status = 'sending'
group by conversation_id having count(*) > 1
union all
select distinct 'conversation ' || conversation_id from
    (select m.conversation_id, a.started_at,
     max(a.started_at) over (partition by m.conversation_id order by m.seq
         rows between unbounded preceding and 1 preceding) as before
     from message m join attempt a on a.message_id = m.id and a.attempt = 1) first_tries
where started_at < before;

-- promise: 13 a change and its version come together
select 'conversation ' || c.id from conversation c
left join (select conversation_id, count(*) as number, max(version) as highest
           from message group by conversation_id) m on m.conversation_id = c.id
left join (select conversation_id, sum(version - 1) as steps
           from task group by conversation_id) t on t.conversation_id = c.id
where c.version < m.highest or c.version <= coalesce(m.number, 0) + coalesce(t.steps, 0)
union all
select 'conversation ' || conversation_id from message
group by conversation_id, version having count(*) > 1
union all
select 'agent ' || a.person_id from agent a
where a.version <= (select count(*) from agent_event e where e.agent_id = a.person_id);

-- promise: 14 what a part may see ends with it
select 'leg ' || l.id from leg l join task t on t.id = l.task_id
join conversation c on c.id = t.conversation_id
where (l.connected_at is not null and l.outcome is not null) <> (l.until_seq is not null)
   or l.until_seq not between t.opened_seq and c.last_seq
   or l.read_seq > coalesce(l.until_seq, c.last_seq);

-- promise: 14 only who is connected writes
select 'message ' || m.id from message m
where m.author_kind = 'agent'
  and not exists (select from leg l where l.task_id = m.task_id and l.agent_id = m.author_id
                  and l.connected_at <= m.at and (l.until_seq is null or l.until_seq >= m.seq));

-- promise: 15 accountability
select 'task ' || t.id from task t
left join (select task_id, count(*) as number, max(version) as last
           from event group by task_id) e on e.task_id = t.id
where e.number is distinct from t.version or e.last is distinct from t.version;

-- promise: 15 every step is told once, with its moment and its agent
with steps as (
    select 'queued' as code, id as task_id, null::bigint as agent_id, opened_at as at from task
    union all
    select 'invited', task_id, null, invited_at from invitation
    union all
    select 'expired', task_id, null, closed_at from invitation where answer = 'expired'
    union all
    select s.code, l.task_id, l.agent_id, s.at from leg l cross join lateral (values
        (case when not l.direct and l.answer_by is not null then 'offered' end, l.offered_at),
        (case when l.connected_at is null then null when l.invitation is null then 'accepted'
              else 'joined' end, l.connected_at),
        (case when l.outcome in ('rona', 'abandoned', 'left', 'removed', 'transferred')
                   or (l.outcome = 'ended' and l.role = 'primary') then l.outcome
              when l.outcome = 'handed_over' then 'handed-over' end,
         coalesce(l.wrap_up_at, l.closed_at)),
        (case when l.wrap_up_at is not null and l.closed_at is not null then 'wrapped-up' end,
         l.closed_at),
        (case when l.wrap_up_hold = 'held' then 'held' end, null)) s (code, at)
    where s.code is not null
), told as (
    select code, task_id, case when code not in ('queued', 'invited', 'expired')
                               then (params->>'agent_id')::bigint end as agent_id,
        case when code <> 'held' then at end as at from event
    where code in ('queued', 'offered', 'accepted', 'joined', 'rona', 'abandoned', 'transferred',
                   'invited', 'expired', 'left', 'removed', 'handed-over', 'ended', 'wrapped-up',
                   'held')
)
select 'task ' || task_id || ' ' || code
from (select *, 1 as number from steps union all select *, -1 from told) both_ways
group by code, task_id, agent_id, at having sum(number) <> 0;

-- promise: 15 what is taken back or lost is told by the step that did it
select 'leg ' || l.id from leg l
where l.outcome in ('withdrawn', 'lost')
  and not exists (select from event e where e.task_id = l.task_id and e.at = l.closed_at
                  and case e.code when 'lost' then true
                      when 'withdrawn' then l.agent_id = (e.params->>'agent_id')::bigint
                      else l.outcome = 'withdrawn'
                           and e.code in ('cancelled', 'transferred', 'ended') end)
union all
select 'task ' || e.task_id from event e
where e.code in ('withdrawn', 'lost')
  and not exists (select from leg l where l.task_id = e.task_id and l.closed_at = e.at
                  and l.outcome = e.code and l.agent_id = (e.params->>'agent_id')::bigint)
union all
select 'invitation ' || i.task_id || '/' || i.number from invitation i
where i.answer in ('cancelled', 'withdrawn')
  and not exists (select from event e where e.task_id = i.task_id and e.at = i.closed_at
                  and (e.code = i.answer or (i.answer = 'withdrawn'
                       and e.code in ('transferred', 'ended', 'lost'))))
union all
select 'task ' || e.task_id from event e
where e.code = 'cancelled'
  and not exists (select from invitation i where i.task_id = e.task_id and i.closed_at = e.at
                  and i.answer = 'cancelled');

-- promise: 15 an end is told once
with ends as (
    select task_id, at from event
    where code = 'ended' or (code = 'abandoned' and params->>'policy' = 'end')
), ended as (
    select id, ended_at from task where ended_at is not null
)
(select 'task ' || task_id from (table ends except all table ended) more)
union all
(select 'task ' || id from (table ended except all table ends) fewer);

-- promise: 15 every change says who made it
select 'task ' || task_id from event
where case by_kind when 'system' then by_id is not null when 'customer' then false
                   else by_id is null end
union all
select 'agent ' || agent_id from agent_event
where case by_kind when 'system' then by_id is not null when 'customer' then false
                   else by_id is null end;

-- promise: 15 an agent is what was told of last
select 'agent ' || a.person_id from agent a
left join lateral (select params, at from agent_event where agent_id = a.person_id
                   order by at desc, id desc limit 1) e on true
left join lateral (select code from agent_event where agent_id = a.person_id
                   and code in ('signed-in', 'signed-out')
                   order by at desc, id desc limit 1) s on true
where a.state <> coalesce(e.params->>'to', 'idle')
   or (e.at is not null and (e.params->>'aux_code_id')::bigint is distinct from a.aux_code_id)
   or (a.signed_in_at is not null) <> coalesce(s.code = 'signed-in', false);
