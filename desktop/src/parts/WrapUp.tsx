/**
 * Motivos de conclusão: covers the thread's pane and nothing else, and stays until it is sent.
 * Requests, the task list and the state selector remain in reach, by pointer and by keyboard.
 */
import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { isTyping, wrapUp } from "../actions";
import { desk } from "../desk";
import { holdWrapUp } from "../handing";
import { m } from "../paraglide/messages.js";
import { customerName, stateText } from "../text/words";
import { useMe } from "../use";
import type { LegView, TaskView } from "../views";
import { SearchList } from "./SearchList";
import { Countdown, NoteField, Timed } from "./small";

/** What each agent has begun per task, so that opening another one in between loses nothing. */
const begun = new Map<string, { code: string | null; note: string }>();

function useBegun(key: string) {
  const [choice, setChoice] = useState(() => begun.get(key) ?? { code: null, note: "" });
  const change = (part: Partial<typeof choice>) => {
    const next = { ...choice, ...part };
    begun.set(key, next);
    setChoice(next);
  };
  return [choice, change] as const;
}

const AGO: Partial<Record<NonNullable<LegView["outcome"]>, typeof m.ended_ago>> = {
  transferred: m.transferred_ago,
  handed_over: m.handed_over_ago,
  left: m.left_ago,
  removed: m.removed_ago,
};

/** How the agent's part came to its end, and how long ago. */
function agoOf(leg: LegView | null): typeof m.ended_ago {
  return (leg?.outcome && AGO[leg.outcome]) ?? m.ended_ago;
}

export function WrapUp({ task }: { task: TaskView }) {
  const [, go] = useLocation();
  const key = `${desk.getState().me?.id} ${task.id}`;
  const [choice, change] = useBegun(key);
  const submit = async () => {
    if (choice.code === null) return;
    if (await wrapUp(task, choice.code, choice.note, go)) begun.delete(key);
  };
  const title = `wrap-up-${task.id}`;
  return (
    <div className="pane-cover">
      <section
        className="dialog wrap-up"
        role="dialog"
        aria-modal="false"
        aria-labelledby={title}
        data-region
        tabIndex={-1}
      >
        <h2 id={title}>{m.wrap_up_title()}</h2>
        <p className="muted">
          {customerName(task)} · <Timed text={agoOf(task.leg)} since={task.leg?.wrap_up_at} />
        </p>
        <Reasons
          chosen={choice.code}
          onChoose={(code) => change({ code })}
          onSubmit={() => void submit()}
        />
        <NoteField label={m.note()} value={choice.note} onChange={(note) => change({ note })} />
        <div className="dialog-foot">
          <After task={task} />
          <Button
            className="button primary"
            isDisabled={choice.code === null}
            onPress={() => void submit()}
          >
            {m.submit_wrap_up()}
          </Button>
        </div>
      </section>
    </div>
  );
}

/** Stops the countdown; its button goes then, and the focus returns to the reasons. */
async function hold(task: TaskView, button: Element): Promise<void> {
  const dialog = button.closest("[role=dialog]");
  await holdWrapUp(task);
  dialog?.querySelector("input")?.focus();
}

/** What comes after: the countdown where there is one, or the state to go back to. */
function After({ task }: { task: TaskView }) {
  const me = useMe();
  const by = task.leg?.wrap_up_by;
  if (by) {
    return (
      <div className="row">
        <span>
          {m.auto_wrap_up()} <Countdown until={by} label={m.auto_wrap_up()} />
        </span>
        {task.wrap_up_hold === "allowed" && (
          <Button className="button small" onPress={(event) => void hold(task, event.target)}>
            {m.hold_wrap_up()}
          </Button>
        )}
      </div>
    );
  }
  return (
    <span className="muted" role="status">
      {task.wrap_up_hold === "held" ? m.wrap_up_held() : me && m.back_to({ state: stateText(me) })}
    </span>
  );
}

interface ReasonsProps {
  chosen: string | null;
  onChoose: (code: string) => void;
  onSubmit: () => void;
}

function Reasons({ chosen, onChoose, onSubmit }: ReasonsProps) {
  const codes = useStore(desk, (state) => state.codes.wrap_up);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isTyping()) field.current?.focus();
  }, []);
  return (
    <SearchList
      id="reasons"
      label={m.reasons()}
      hint={m.search_reason()}
      entries={codes}
      chosen={chosen}
      onChoose={(code) => onChoose(code.id)}
      onSubmit={onSubmit}
      arrowsChoose
      field={field}
      mark={(code) => code.default && m.most_used()}
      nothing={m.no_reason_found()}
    />
  );
}
