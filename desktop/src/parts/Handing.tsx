/**
 * Transferir solicitação and Solicitação de conferência: one dialog over the thread, like the
 * wrap-up's, so that requests, the task list and the state selector stay in reach. Its lists are
 * live; a choice stays through every new list, and it is said when it is no longer in one.
 */
import { RefreshCw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { duration } from "../clock";
import { desk } from "../desk";
import { closeHanding, invite, transfer } from "../handing";
import { m } from "../paraglide/messages.js";
import { hasGone, type Kind, type Purpose, type Target, targetsOf } from "../targets";
import { problemText } from "../text/problems";
import { customerName } from "../text/words";
import { announce, ui } from "../ui";
import { useRefresh, useTargets } from "../useTargets";
import type { Problem, TaskView } from "../views";
import { SearchList } from "./SearchList";
import { NoteField } from "./small";

/** The button that opens a dialog, and takes the focus back when it is closed. */
export const openerOf = (purpose: Purpose) => `open-${purpose}`;

interface Choice {
  kind: Kind;
  queue: Target | null;
  agent: Target | null;
  note: string;
}

const NOTHING: Choice = { kind: "queue", queue: null, agent: null, note: "" };

/** What each agent has begun per task and dialog, so that opening another task loses nothing. */
const begun = new Map<string, Choice>();

function useChoice(key: string) {
  const [choice, setChoice] = useState(() => begun.get(key) ?? NOTHING);
  const change = (part: Partial<Choice>) => {
    const next = { ...choice, ...part };
    begun.set(key, next);
    setChoice(next);
  };
  return [choice, change] as const;
}

export function Handing({ task, purpose }: { task: TaskView; purpose: Purpose }) {
  const key = `${desk.getState().me?.id} ${purpose} ${task.id}`;
  const [choice, change] = useChoice(key);
  const busy = useRef(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const chosen = choice[choice.kind];
  useEffect(() => {
    field.current?.focus();
    return () => {
      // Opening another task leaves the dialog open, and the focus where it went.
      if (ui.getState().handing === null) document.getElementById(openerOf(purpose))?.focus();
    };
  }, [purpose]);
  const submit = async () => {
    // The button stays as it is meanwhile: one that is switched off would lose the focus.
    if (chosen === null || busy.current) return;
    busy.current = true;
    const refused =
      purpose === "transfer"
        ? await transfer(task, chosen, choice.note)
        : await invite(task, chosen);
    busy.current = false;
    setProblem(refused);
    if (refused) return;
    begun.delete(key);
    if (purpose === "conference") announce(m.invitation_sent({ name: chosen.name }));
    closeHanding();
  };
  // What was chosen is forgotten then, but nothing that was written.
  const cancel = () => {
    begun.set(key, { ...NOTHING, note: choice.note });
    closeHanding();
  };
  const title = `handing-${task.id}`;
  return (
    <div className="pane-cover">
      <section
        className="dialog handing"
        role="dialog"
        aria-modal="false"
        aria-labelledby={title}
        data-region
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === "Escape" && !event.nativeEvent.isComposing) cancel();
        }}
      >
        <h2 id={title}>{purpose === "transfer" ? m.transfer_title() : m.conference_title()}</h2>
        <p className="muted">{customerName(task)}</p>
        <Pick
          purpose={purpose}
          choice={choice}
          field={field}
          onChange={(part) => {
            change(part);
            setProblem(null);
          }}
          onSubmit={() => void submit()}
        />
        {purpose === "transfer" && (
          <NoteField
            label={m.transfer_note()}
            value={choice.note}
            onChange={(note) => change({ note })}
          />
        )}
        {problem ? (
          <p className="error" role="alert">
            {problemText(problem)}
          </p>
        ) : (
          <p className="hint">{consequence(task, purpose, choice.kind)}</p>
        )}
        <div className="dialog-foot">
          <Button className="button" onPress={cancel}>
            {m.cancel()}
          </Button>
          <Button
            className="button primary"
            isDisabled={chosen === null}
            onPress={() => void submit()}
          >
            {purpose === "transfer" ? m.transfer() : m.conference()}
          </Button>
        </div>
      </section>
    </div>
  );
}

/** What happens to the customer, above all if nobody accepts. */
function consequence(task: TaskView, purpose: Purpose, kind: Kind): string {
  if (purpose === "conference") {
    return kind === "queue" ? m.conference_to_queue() : m.conference_to_agent();
  }
  if (kind === "queue") return m.transfer_to_queue();
  if (task.transfer_unanswered === "end") return m.transfer_end();
  return m.transfer_requeue({ queue: task.queue.name });
}

interface PickProps {
  purpose: Purpose;
  choice: Choice;
  field: React.RefObject<HTMLInputElement | null>;
  onChange: (part: Partial<Choice>) => void;
  onSubmit: () => void;
}

function Pick({ purpose, choice, field, onChange, onSubmit }: PickProps) {
  const { kind } = choice;
  const { targets, failed, ask } = useTargets(purpose);
  const { refresh, turns, busy, told, forget } = useRefresh(ask, kind);
  const entries = targets ? targetsOf(targets, kind) : null;
  const turnTo = (next: Kind) => {
    forget();
    onChange({ kind: next });
  };
  return (
    <>
      <Kinds kind={kind} onChange={turnTo} />
      <SearchList
        key={kind}
        id="targets"
        label={kind === "queue" ? m.queue() : m.agent()}
        hint={kind === "queue" ? m.search_queue() : m.search_agent()}
        entries={entries ?? []}
        chosen={choice[kind]?.id ?? null}
        onChoose={(target) => onChange({ [kind]: target })}
        onSubmit={onSubmit}
        field={field}
        beside={
          <Button
            className="icon-button refresh"
            aria-label={m.refresh_list()}
            onPress={() => void refresh()}
          >
            <RefreshCw
              key={turns}
              className={busy ? "turning on" : turns > 0 ? "turning" : ""}
              size={18}
              aria-hidden="true"
            />
          </Button>
        }
        mark={markOf}
        nothing={nothingText(kind, entries, failed)}
      />
      <Chosen
        chosen={choice[kind]}
        gone={hasGone(choice[kind], entries)}
        told={failed && entries ? m.targets_failed() : told}
      />
    </>
  );
}

function nothingText(kind: Kind, entries: readonly Target[] | null, failed: boolean): string {
  if (entries === null) return failed ? m.targets_failed() : m.loading();
  const queue = kind === "queue";
  if (entries.length === 0) return queue ? m.no_queues() : m.no_agents();
  return queue ? m.no_queue_found() : m.no_agent_found();
}

function Kinds({ kind, onChange }: { kind: Kind; onChange: (kind: Kind) => void }) {
  const names = { queue: m.queue(), agent: m.agent() };
  return (
    <fieldset className="segments">
      <legend className="hidden">{m.destination()}</legend>
      {(["queue", "agent"] as const).map((each) => (
        <label key={each} className={each === kind ? "segment on" : "segment"}>
          <input
            type="radio"
            name="target-kind"
            value={each}
            checked={each === kind}
            onChange={() => onChange(each)}
          />
          {names[each]}
        </label>
      ))}
    </fieldset>
  );
}

function markOf(target: Target): string {
  if (target.kind === "agent") {
    const free = m.free_slots({ count: target.free });
    return target.team === null ? free : `${target.team} · ${free}`;
  }
  if (!target.open) return m.queue_closed();
  if (target.waiting === 0) return m.queue_empty();
  return m.queue_waiting({ count: target.waiting, time: duration(target.longest_s * 1000) });
}

interface ChosenProps {
  chosen: Target | null;
  gone: boolean;
  told: string;
}

/** The choice, wherever the list has gone, and what a refreshing brought. */
function Chosen({ chosen, gone, told }: ChosenProps) {
  return (
    <div className="chosen">
      <p className={gone ? "gone" : ""} role="status">
        {chosen &&
          (gone ? m.target_gone({ name: chosen.name }) : m.chosen_target({ name: chosen.name }))}
      </p>
      <p className="muted" role="status">
        {told}
      </p>
    </div>
  );
}
