-- Customers, and invitations, that wait although somebody could be rung: nothing may be left of
-- these when the router has come to rest at $1.
with free as (
    select a.person_id, a.team_id from agent a join person p on p.id = a.person_id
    cross join organisation o
    where a.state = 'available' and a.signed_in_at is not null and p.disabled_at is null
      and a.beat_at > $1::timestamptz - interval '25 seconds'
      and (select count(*) from leg l where l.agent_id = a.person_id and l.closed_at is null)
          < coalesce(a.capacity, o.capacity)
),
waits as (
    select id as task_id, queue_id, queued_at as since, 'task ' || id as what
    from task where state = 'queued'
    union all
    select i.task_id, i.queue_id, i.invited_at, 'invitation ' || i.number || ' of ' || i.task_id
    from invitation i where i.closed_at is null and i.queue_id is not null and not exists (
        select from leg l where l.task_id = i.task_id and l.invitation = i.number
        and l.closed_at is null)
)
select w.what || ' waits while agent ' || f.person_id || ' is free' from waits w
join queue_team q on q.queue_id = w.queue_id
join free f on f.team_id = q.team_id
where w.since + make_interval(secs => q.after_seconds) <= $1
  and not exists (select from leg l where l.task_id = w.task_id and l.agent_id = f.person_id
                  and l.closed_at is null)
