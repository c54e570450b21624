-- What is not finished although the day is over.
select state || ' task ' || id from task where state <> 'ended'
union all
select 'leg ' || id || ' is open' from leg where closed_at is null
union all
select 'invitation ' || number || ' of task ' || task_id || ' is open'
from invitation where closed_at is null
union all
select status || ' message ' || id from message where status in ('pending', 'sending')
union all
select 'webhook ' || id || ' is not read' from webhook where done_at is null
union all
select 'a status of ' || wamid || ' is not applied' from early_status
union all
select 'the reaction to message ' || message_id || ' is not told'
from reaction where due_at is not null
