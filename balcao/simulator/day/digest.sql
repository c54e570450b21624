-- Everything that a day left behind, as one line for each table. Left out is what no seed decides:
-- in which order PostgreSQL touched the rows of one statement.
select 'event' as of, md5(coalesce(string_agg(e::text, E'\n' order by task_id, version), ''))
from event e
union all
select 'agent_event', md5(coalesce(string_agg(e::text, E'\n' order by id), '')) from agent_event e
union all
select 'task', md5(coalesce(string_agg(t::text, E'\n' order by id), '')) from task t
union all
select 'leg', md5(coalesce(string_agg(l::text, E'\n' order by id), '')) from leg l
union all
select 'invitation', md5(coalesce(string_agg(i::text, E'\n' order by task_id, number), ''))
from invitation i
union all
select 'attempt', md5(coalesce(string_agg(a::text, E'\n' order by message_id, attempt), ''))
from attempt a
union all
select 'message_status', md5(coalesce(string_agg(
    s::text, E'\n' order by message_id, attempt, status), '')) from message_status s
union all
select 'message', md5(coalesce(string_agg(concat_ws('|', id, conversation_id, task_id, seq,
    direction, type, text, payload, at, author_id, wamid, status, attempt, error, dismissed,
    client_id, system, tries), E'\n' order by id), '')) from message
