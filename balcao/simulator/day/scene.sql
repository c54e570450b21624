-- The floor after a step, and what is wrong there: the promises that one look at what is open can
-- hold to. `balcao check` asks for all of them, more slowly.
with open_leg as (
    select l.*, case when wrap_up_at is not null then 'wrap-up'
                     when connected_at is null then 'offered' else 'connected' end as state
    from leg l where closed_at is null
),
open_task as (
    select * from task where ended_at is null or id in (select task_id from open_leg)
),
asked as (select * from invitation where closed_at is null),
wrong (what) as (
    select 'two live owners of task ' || task_id from open_leg
    where role = 'primary' and state <> 'wrap-up' group by task_id having count(*) > 1
    union all
    select 'two parts of agent ' || agent_id || ' in task ' || task_id from open_leg
    group by task_id, agent_id having count(*) > 1
    union all
    select 'two open tasks in conversation ' || conversation_id from open_task
    where ended_at is null group by conversation_id having count(*) > 1
    union all
    select 'task ' || t.id || ' is not ' || t.state from open_task t
    left join (select task_id, bool_or(state = 'wrap-up') as wrapping,
               min(state) filter (where role = 'primary' and state <> 'wrap-up') as owner
               from open_leg group by task_id) l on l.task_id = t.id
    where t.state <> case when t.ended_at is null then coalesce(l.owner, 'queued')
                          when l.wrapping then 'wrap-up' else 'ended' end
    union all
    select 'leg ' || l.id || ' lives in an ended task' from open_leg l
    join task t on t.id = l.task_id where t.ended_at is not null and l.state <> 'wrap-up'
    union all
    select 'guest ' || g.id || ' has no owner beside' from open_leg g
    where g.role = 'guest' and g.state <> 'wrap-up' and not exists (
        select from open_leg o
        where o.task_id = g.task_id and o.role = 'primary' and o.state = 'connected')
    union all
    select 'invitation ' || i.number || ' of task ' || i.task_id || ' is not its owner''s'
    from asked i where not exists (
        select from open_leg o where o.task_id = i.task_id and o.agent_id = i.by_id
        and o.role = 'primary' and o.state = 'connected')
    union all
    select 'invitation ' || i.number || ' of task ' || i.task_id || ' rings at nobody'
    from asked i where i.agent_id is not null and not exists (
        select from open_leg l where l.task_id = i.task_id and l.invitation = i.number
        and l.state = 'offered' and l.agent_id = i.agent_id)
    union all
    select 'leg ' || l.id || ' rings for no invitation' from open_leg l
    where l.role = 'guest' and l.state = 'offered' and not exists (
        select from asked i where i.task_id = l.task_id and i.number = l.invitation)
    union all
    select 'leg ' || l.id || ' rings in rona' from open_leg l
    join agent a on a.person_id = l.agent_id where l.state = 'offered' and a.state = 'rona'
    union all
    select 'leg ' || l.id || ' of nobody signed in' from open_leg l
    join agent a on a.person_id = l.agent_id where a.signed_in_at is null
    union all
    select 'leg ' || id || ' was accepted too late' from open_leg where connected_at >= answer_by
    union all
    select 'task ' || t.id || ' has other steps than its journal' from open_task t
    where t.version <> (select count(*) from event e where e.task_id = t.id)
    union all
    select 'two messages going out in conversation ' || conversation_id from message
    where status = 'sending' group by conversation_id having count(*) > 1
)
select
    (select coalesce(jsonb_agg(jsonb_build_object(
        'task', task_id, 'agent', agent_id, 'role', role, 'state', state) order by id), '[]')
     from open_leg) as parts,
    (select jsonb_agg(jsonb_build_object(
        'id', person_id, 'state', a.state, 'signed_in', signed_in_at is not null,
        'capacity', coalesce(a.capacity, o.capacity), 'team', team_id,
        'disabled', p.disabled_at is not null) order by person_id)
     from agent a join person p on p.id = a.person_id cross join organisation o) as agents,
    (select coalesce(jsonb_agg(jsonb_build_object(
        'task', task_id, 'number', number, 'by', by_id) order by task_id, number), '[]')
     from asked) as invitations,
    (select count(*) from open_task) as open_tasks,
    (select coalesce(jsonb_agg(what), '[]') from wrong) as wrong
