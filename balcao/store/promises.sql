-- What must hold, as queries that find what breaks it: a line for each violation, saying where.
-- The number before a name is the promise's among the fifteen of the design; `balcao check` runs
-- them all in one snapshot.  A violation that time alone explains is given five seconds.

-- promise: 2 exactly once in
select 'message ' || min(id) from message where wamid is not null
group by entry_point_id, wamid having count(*) > 1;

-- promise: 3 one live thread
select 'conversation ' || conversation_id from task where ended_at is null
group by conversation_id having count(*) > 1
union all
select 'customers of one identity ' || min(id) from customer where user_id is not null
group by user_id having count(*) > 1;

-- promise: 4 deterministic order
select 'conversation ' || c.id from conversation c left join message m on m.conversation_id = c.id
group by c.id
having count(m.id) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq
    or coalesce(max(m.version), 0) > c.version
union all
select 'message ' || id from message where second <> floor(extract(epoch from at));

-- promise: 6 task conservation
select 'task ' || t.id from task t where t.state <> case
    when t.ended_at is null then coalesce(
        (select case when l.connected_at is null then 'offered' else 'connected' end from leg l
         where l.task_id = t.id and l.role = 'primary' and l.wrap_up_at is null
           and l.closed_at is null limit 1), 'queued')
    when exists (select from leg l where l.task_id = t.id and l.wrap_up_at is not null
                 and l.closed_at is null) then 'wrap-up'
    else 'ended' end;

-- promise: 6 nobody rings or talks in an ended task
select 'leg ' || l.id from leg l join task t on t.id = l.task_id
where t.ended_at is not null and l.wrap_up_at is null and l.closed_at is null;

-- promise: 6 no customer waits while a fit agent is free
select 'task ' || t.id from task t
join queue_team q on q.queue_id = t.queue_id
join agent a on a.team_id = q.team_id and a.state = 'available' and a.signed_in_at is not null
join person p on p.id = a.person_id and p.disabled_at is null
cross join pulse cross join organisation o
where t.state = 'queued' and pulse.at > clock_timestamp() - interval '3 seconds'
  and t.queued_at < clock_timestamp() - make_interval(secs => 5 + q.after_seconds)
  and a.since < clock_timestamp() - interval '5 seconds'
  and a.beat_at > clock_timestamp() - interval '20 seconds'
  and (select count(*) from leg l where l.agent_id = a.person_id and l.closed_at is null)
      < coalesce(a.capacity, o.capacity)
  and not exists (select from leg l where (l.task_id = t.id or l.agent_id = a.person_id)
                  and l.closed_at > clock_timestamp() - interval '5 seconds')
  and not exists (select from leg l where l.task_id = t.id and l.agent_id = a.person_id
                  and l.closed_at is null);

-- promise: 7 single offer
select 'task ' || task_id from leg
where role = 'primary' and wrap_up_at is null and closed_at is null
group by task_id having count(*) > 1;

-- promise: 8 single winner
select 'leg ' || id from leg
where connected_at >= answer_by
   or (outcome in ('rona', 'withdrawn', 'abandoned') and connected_at is not null)
   or (outcome = 'rona' and closed_at < answer_by);

-- promise: 9 capacity
select 'agent ' || l.agent_id from leg l join agent a on a.person_id = l.agent_id
cross join organisation o
where l.closed_at is null
  and (select count(*) from leg e where e.agent_id = l.agent_id and e.offered_at <= l.offered_at
       and coalesce(e.closed_at, 'infinity') > l.offered_at) > coalesce(a.capacity, o.capacity);

-- promise: 10 no orphan
select 'leg ' || l.id from leg l cross join pulse
where l.connected_at is null and l.closed_at is null
  and pulse.at > clock_timestamp() - interval '3 seconds'
  and l.answer_by < clock_timestamp() - interval '5 seconds';

-- promise: 11 at most one effect out
select 'message ' || m.id from message m
where m.direction = 'out' and m.attempt > 0 and m.status not in ('pending', 'failed')
  and m.attempt <> (select coalesce(max(a.attempt), 0) from attempt a where a.message_id = m.id);

-- promise: 12 order out
select 'conversation ' || conversation_id from message where status = 'sending'
group by conversation_id having count(*) > 1;

-- promise: 15 accountability
select 'task ' || t.id from task t left join event e on e.task_id = t.id
group by t.id having count(e.version) <> t.version or max(e.version) <> t.version
union all
select 'task ' || t.id from task t
where (select count(*) from event e where e.task_id = t.id and e.code = 'accepted')
      <> (select count(*) from leg l where l.task_id = t.id and l.connected_at is not null)
   or (select count(*) from event e where e.task_id = t.id and e.code = 'rona')
      <> (select count(*) from leg l where l.task_id = t.id and l.outcome = 'rona');
