/** Who the customer is, and what was before. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { onTick, serverNow } from "../clock";
import { m } from "../paraglide/messages.js";
import { server } from "../server";
import { formatPhone } from "../text/phone";
import { customerName, customerPhone, dateText, languageText } from "../text/words";
import { ui } from "../ui";
import type { EarlierTask, TaskView } from "../views";
import { ReferralDetails } from "./Referral";
import { Timeline } from "./Timeline";

export function Details({ task }: { task: TaskView }) {
  const { customer } = task;
  return (
    <section className="details" aria-label={m.details()} data-region tabIndex={-1}>
      <h2>{m.details()}</h2>
      <p className="details-name">{customerName(task)}</p>
      <dl className="facts">
        <Fact name={m.phone()} value={customerPhone(task)} />
        {customer.user_id && <Fact name={m.user_id()} value={customer.user_id} />}
        <Fact name={m.source()} value={formatPhone(task.source_number)} />
        <Fact name={m.queue()} value={task.queue.name} />
        <div>
          <dt>{m.window_24()}</dt>
          <dd>
            <WindowLeft closes={task.window_closes_at} />
          </dd>
        </div>
        {customer.language && (
          <Fact name={m.language_of()} value={languageText(customer.language)} />
        )}
        {Object.entries(customer.fields).map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      {task.referral !== null && <ReferralDetails referral={task.referral} />}
      {customer.tags.length > 0 && (
        <>
          <h3>{m.tags()}</h3>
          <ul className="tags">
            {customer.tags.map((tag) => (
              <li key={tag}>{tag}</li>
            ))}
          </ul>
        </>
      )}
      <Timeline task={task} />
      <History task={task} />
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  );
}

function leftText(closes: string | null): string {
  const left = closes === null ? 0 : Date.parse(closes) - serverNow();
  if (left <= 0) return m.window_closed_short();
  const minutes = Math.floor(left / 60_000);
  return m.window_left({ hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

function WindowLeft({ closes }: { closes: string | null }) {
  const [text, setText] = useState(() => leftText(closes));
  useEffect(() => {
    setText(leftText(closes));
    return onTick(() => setText(leftText(closes)));
  }, [closes]);
  const open = closes !== null && Date.parse(closes) > serverNow();
  return <span className={open ? "good" : "bad"}>{text}</span>;
}

function History({ task }: { task: TaskView }) {
  const { conversation_id: conversation, id } = task;
  const [items, setItems] = useState<EarlierTask[] | null>(null);
  const [failed, setFailed] = useState(false);
  // Nothing may be read before the request is surely ours.
  const pending = useStore(ui, ({ hopes }) => hopes.tasks.get(id)?.what === "accept");
  useEffect(() => {
    if (pending) return;
    let wanted = true;
    void server.earlierTasks(conversation).then(({ data, problem }) => {
      if (!wanted) return;
      setItems(data?.items.filter((each) => each.id !== id) ?? []);
      setFailed(problem !== undefined);
    });
    return () => {
      wanted = false;
    };
  }, [conversation, id, pending]);
  return (
    <>
      <h3>{m.history()}</h3>
      {failed && <p className="muted">{m.history_failed()}</p>}
      {items?.length === 0 && !failed && <p className="muted">{m.no_history()}</p>}
      <dl className="facts">
        {items?.map((each) => (
          <div key={each.id}>
            <dt className="number">{dateText(each.opened_at)}</dt>
            <dd title={each.wrap_ups[0]?.note ?? undefined}>
              {each.wrap_ups.map((record) => record.code.name).join(", ") || m.in_progress()}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
