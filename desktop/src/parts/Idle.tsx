/** The middle of the desk when no conversation is open: the state, the day, and RONA's card. */
import { useState } from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { setState } from "../actions";
import { duration } from "../clock";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { stateText } from "../text/words";
import { useMe, useOffers, useTasks } from "../use";
import type { AgentView } from "../views";
import { Timer } from "./small";

export function Idle() {
  const me = useMe();
  const tasks = useTasks();
  if (!me) return null;
  return (
    <div className="idle-page">
      {me.state === "rona" ? <RonaCard me={me} title="h1" /> : <StateCard me={me} />}
      {tasks.length > 0 && <p className="muted">{m.select_task()}</p>}
      <Today me={me} />
    </div>
  );
}

const available = () => void setState("available", null);

/** The state as a sentence that how long follows. */
function titleOf(me: AgentView, state: string): string {
  if (me.state === "available") return m.available_title();
  return state === m.connection_lost() ? m.connection_lost_title() : m.idle_title({ state });
}

function StateCard({ me }: { me: AgentView }) {
  const state = stateText(me);
  const free = me.state === "available";
  const lost = state === m.connection_lost();
  const rings = useOffers().length > 0;
  return (
    <section className="state-card" aria-label={state}>
      <h1>
        {titleOf(me, state)} <Timer since={me.since} />
      </h1>
      {free && <p className="muted">{rings ? m.ringing_text() : m.available_text()}</p>}
      {lost && <p className="muted">{m.connection_lost_text()}</p>}
      {!free && (
        <Button className="button primary large" onPress={available}>
          {m.become_available()}
        </Button>
      )}
    </section>
  );
}

/** The same card beside an open conversation. */
export function RonaAside() {
  const me = useMe();
  return me?.state === "rona" ? <RonaCard me={me} title="h2" /> : null;
}

/** RONA never ends by itself: the person says how to go on. */
function RonaCard({ me, title: Title }: { me: AgentView; title: "h1" | "h2" }) {
  const reasons = useStore(desk, (state) => state.codes.idle);
  const [reason, setReason] = useState<string | null>(null);
  const missed = me.rona;
  const idle = () => {
    const code = reasons.find((each) => each.id === reason) ?? reasons.find((each) => each.default);
    void setState("idle", code ?? null);
  };
  return (
    <section className="rona-card" role="alert" aria-labelledby="rona">
      <p className="badge bad">{m.rona()}</p>
      <Title id="rona">{m.rona_title({ seconds: missed?.seconds ?? 0 })}</Title>
      {missed && (
        <p>
          <strong>{missed.customer ?? m.no_name()}</strong> · {missed.queue} ·{" "}
          {m.rona_today({ count: missed.today })}
        </p>
      )}
      <p className="muted">{m.rona_text()}</p>
      <div className="row">
        <Button className="button primary large" onPress={available}>
          {m.become_available()}
        </Button>
        <select
          className="select"
          aria-label={m.idle_reasons()}
          value={reason ?? reasons.find((each) => each.default)?.id}
          onChange={(event) => setReason(event.target.value)}
        >
          {reasons.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
        <Button className="button large" onPress={idle}>
          {m.become_idle()}
        </Button>
      </div>
    </section>
  );
}

function Today({ me }: { me: AgentView }) {
  const { ended, aht_s } = me.today;
  return (
    <section className="today" aria-label={m.today_title()}>
      <h2>{m.today_title()}</h2>
      <dl>
        <div>
          <dt>{m.today_ended()}</dt>
          <dd>{ended}</dd>
        </div>
        <div>
          <dt title={m.aht_long()}>{m.today_aht()}</dt>
          <dd>{aht_s === null ? "—" : duration(aht_s * 1000)}</dd>
        </div>
      </dl>
    </section>
  );
}
