-- A portion of the past, set by set, as the store's own steps would have written it row by row.
--
-- It works on two temporary tables: `thread` (a conversation: how many ended tasks it has, and whether one is open) and
-- `bounds` (until when the past goes, when open tasks began, how many messages went out in each of them). `line` is the
-- course of a task, second by second. The tasks are laid out in slots of ten minutes, in each of which an agent has one;
-- a conversation's next task comes in a later slot. Rows are written in the order of time, so that a thread lies
-- scattered over its table as it does where people have really written.

create temp table line on commit drop as
with ended (k, direction, second, code) as (values
    (1, 'system', 0, 'queued'), (2, 'in', 0, null), (3, 'system', 6, 'accepted'), (4, 'out', 30, null),
    (5, 'in', 60, null), (6, 'out', 90, null), (7, 'in', 120, null), (8, 'out', 150, null),
    (9, 'in', 180, null), (10, 'out', 210, null), (11, 'in', 240, null), (12, 'out', 270, null),
    (13, 'system', 300, 'ended'))
select false as is_open, k, direction, make_interval(secs => second) as second, code from ended
union all
select true, k, direction, make_interval(secs => second), code from ended where k <= 3
union all
select true, 3 + n, 'out', interval '30 s', null from bounds cross join lateral generate_series(1, outbound) n;

create temp table worker on commit drop as
select a.person_id as id, p.name, row_number() over (order by p.id) - 1 as place, count(*) over () as workers,
    coalesce(a.capacity, o.capacity) as capacity
from agent a join person p on p.id = a.person_id cross join organisation o;

create temp table part on commit drop as
with piece as (
    select t.*, i, i = t.tasks as is_open,
        row_number() over (partition by i = t.tasks, case when i < t.tasks then i end order by t.n) - 1 as place
    from thread t cross join lateral generate_series(0, t.tasks - case when t.has_open then 0 else 1 end) i
), round as (
    select i, ceil(count(*) / (select count(*)::numeric from worker))::int as slots
    from piece where not is_open group by i
), first as (
    select i, sum(slots) over (order by i) - slots as slot, sum(slots) over () as slots from round
)
select nextval(pg_get_serial_sequence('task', 'id')) as task_id, p.conversation_id, p.entry_point_id, p.queue_id,
    p.customer_id, p.is_open, w.id as agent_id, w.name as agent, w.capacity,
    p.i * (select count(*) from line where not is_open) as base,
    case when p.is_open then b.open_at
         else b.until - make_interval(mins => 10 * (f.slots - f.slot - p.place / w.workers)::int) end as at
from piece p cross join bounds b left join first f on f.i = p.i and not p.is_open
join worker w on w.place = p.place % w.workers;
analyze part;

insert into customer (id, profile_name, user_id, wa_id) overriding system value
select customer_id, 'Cliente ' || customer_id, 'BR.' || lpad(customer_id::text, 16, '0'),
    '5511' || lpad(customer_id::text, 9, '0')
from thread order by customer_id;

insert into customer_identity (kind, value, customer_id)
select i.kind, i.value, c.id from thread t join customer c on c.id = t.customer_id
cross join lateral (values ('user_id', c.user_id), ('wa_id', c.wa_id)) i (kind, value);

insert into conversation (id, customer_id, entry_point_id, version, last_seq, last_inbound_at) overriding system value
select p.conversation_id, p.customer_id, p.entry_point_id,
    1 + sum(l.lines + case when p.is_open then 2 else 4 end), sum(l.lines), max(p.at + l.last_in)
from part p join (select is_open, count(*) as lines, max(second) filter (where direction = 'in') as last_in
                  from line group by is_open) l on l.is_open = p.is_open
group by p.conversation_id, p.customer_id, p.entry_point_id order by p.conversation_id;

insert into task (id, conversation_id, version, queue_id, opened_at, queued_at, ended_at, opened_seq, state)
overriding system value
select task_id, conversation_id, case when is_open then 3 else 5 end, queue_id, at, at,
    case when not is_open then at + interval '300 s' end, base,
    case when is_open then 'connected' else 'ended' end
from part order by at, task_id;

insert into leg (task_id, agent_id, role, queue_id, capacity, offered_at, answer_by, connected_at, wrap_up_at, closed_at,
    outcome, wrap_up_code_id, read_seq, until_seq)
select task_id, agent_id, 'primary', queue_id, capacity, at + interval '1 s', at + interval '61 s', at + interval '6 s',
    case when not is_open then at + interval '300 s' end, case when not is_open then at + interval '330 s' end,
    case when not is_open then 'ended' end, case when not is_open then reason.id end, base + lines,
    case when not is_open then base + lines end
from part join (select is_open, count(*) as lines from line group by is_open) l using (is_open)
cross join (select id from aux_code where kind = 'wrap_up' and is_default) reason
order by at, task_id;

insert into event (task_id, version, at, code, params, by_kind, by_id)
select task_id, version, p.at + make_interval(secs => second), code,
    case version when 1 then jsonb_build_object('queue_id', queue_id)
        when 3 then jsonb_build_object('agent_id', agent_id, 'waited_s', 6)
        when 5 then jsonb_build_object('agent_id', agent_id, 'aux_code_id', reason.id)
        else jsonb_build_object('agent_id', agent_id) end,
    by_kind, case by_kind when 'agent' then agent_id end
from part p join (values (1, 0, 'queued', 'customer'), (2, 1, 'offered', 'system'), (3, 6, 'accepted', 'agent'),
                  (4, 300, 'ended', 'agent'), (5, 330, 'wrapped-up', 'agent')) s (version, second, code, by_kind)
    on not p.is_open or s.version <= 3
cross join (select id from aux_code where kind = 'wrap_up' and is_default) reason
order by p.at, task_id, version;

with written as (
    insert into message (conversation_id, entry_point_id, task_id, seq, version, direction, type, text, at, second,
        author_kind, author_id, author_name, wamid, status, attempt, client_id, system)
    select p.conversation_id, p.entry_point_id, p.task_id, p.base + l.k, p.base + l.k, l.direction,
        case l.direction when 'system' then 'system' else 'text' end,
        case when l.direction <> 'system' then said.some[1 + (p.task_id * 7 + l.k) % cardinality(said.some)]
            || ' ' || said.some[1 + (p.task_id * 3 + l.k * 5) % cardinality(said.some)] end,
        p.at + l.second, extract(epoch from p.at + l.second),
        case l.direction when 'in' then 'customer' when 'out' then 'agent' else 'system' end,
        case l.direction when 'out' then p.agent_id end,
        case l.direction when 'in' then 'Cliente ' || p.customer_id when 'out' then p.agent end,
        case when l.direction <> 'system' then 'wamid.' || upper(md5(p.task_id || '/' || l.k)) end,
        case l.direction when 'out' then case when p.is_open then 'accepted' else 'read' end end,
        case l.direction when 'out' then 1 else 0 end,
        case l.direction when 'out' then md5(p.task_id || '.' || l.k)::uuid::text end,
        case l.code when 'queued' then jsonb_build_object('code', l.code, 'params', jsonb_build_object('queue', q.name))
            when 'accepted' then jsonb_build_object('code', l.code, 'params',
                jsonb_build_object('agent_id', p.agent_id::text, 'agent', p.agent, 'waited_s', 6))
            when 'ended' then jsonb_build_object('code', l.code, 'params',
                jsonb_build_object('agent_id', p.agent_id::text, 'agent', p.agent)) end
    from part p join line l on l.is_open = p.is_open join queue q on q.id = p.queue_id
    cross join (select array[
        'Oi, tudo bem?', 'Comprei há uma semana e ainda não chegou.', 'O número do pedido é este mesmo.',
        'Pode ver isso para mim, por favor?', 'Entendi. Já estou cuidando disso.', 'Muito obrigado pela ajuda!',
        'Deixe-me conferir no sistema, um instante.', 'O pagamento foi feito por Pix ontem à noite.',
        'Qual é o prazo para a troca?', 'O código de rastreio não mostra nada.', 'A nota fiscal veio com o nome errado.',
        'Certo, anotei aqui no seu atendimento.', 'Vocês abrem no sábado?', 'Ficou alguma dúvida?',
        'O produto chegou com a caixa amassada.', 'Vou verificar com a transportadora e já confirmo.',
        'Quero cancelar a segunda compra.', 'Pronto, o estorno foi pedido agora.', 'Perfeito, era isso.'] as some) said
    order by p.at + l.second, p.task_id, l.k
    returning id, direction, wamid, at, status
), tried as (
    insert into attempt (message_id, attempt, started_at, wamid)
    select id, 1, at, wamid from written where direction = 'out'
)
insert into message_status (message_id, attempt, status, at)
select w.id, 1, s.status, w.at + s.after
from written w cross join (values ('sent', interval '1 s'), ('delivered', interval '2 s'), ('read', interval '20 s'))
    s (status, after)
where w.status = 'read';
