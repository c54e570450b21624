/**
 * Motivos de conclusão: covers the thread's pane and nothing else, and stays until it is sent.
 * Requests, the task list and the state selector remain in reach, by pointer and by keyboard.
 */
import { Search } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { isTyping, wrapUp } from "../actions";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { contains } from "../text/search";
import { customerName, stateText } from "../text/words";
import { useMe } from "../use";
import type { Code, TaskView } from "../views";
import { Timer } from "./small";

const NOTE_MAX = 2000;

/** What has been chosen per task, so that opening another one in between loses nothing. */
const begun = new Map<string, { code: string | null; note: string }>();

function useBegun(task: string) {
  const [choice, setChoice] = useState(() => begun.get(task) ?? { code: null, note: "" });
  const change = (part: Partial<typeof choice>) => {
    const next = { ...choice, ...part };
    begun.set(task, next);
    setChoice(next);
  };
  return [choice, change] as const;
}

export function WrapUp({ task }: { task: TaskView }) {
  const [, go] = useLocation();
  const [choice, change] = useBegun(task.id);
  const me = useMe();
  const submit = async () => {
    if (choice.code === null) return;
    if (await wrapUp(task, choice.code, choice.note, go)) begun.delete(task.id);
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
          {customerName(task)} · {m.ended_ago()} <Timer since={task.leg?.wrap_up_at} />
        </p>
        <Reasons
          chosen={choice.code}
          onChoose={(code) => change({ code })}
          onSubmit={() => void submit()}
        />
        <label className="field">
          <span className="label">{m.note()}</span>
          <textarea
            className="input"
            rows={2}
            maxLength={NOTE_MAX}
            value={choice.note}
            onChange={(event) => change({ note: event.target.value })}
          />
        </label>
        <div className="dialog-foot">
          <span className="muted">
            {task.leg?.wrap_up_by ? (
              <>
                {m.auto_wrap_up()} <Timer until={task.leg.wrap_up_by} />
              </>
            ) : (
              me && m.back_to({ state: stateText(me) })
            )}
          </span>
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

interface ReasonsProps {
  chosen: string | null;
  onChoose: (code: string | null) => void;
  onSubmit: () => void;
}

/** A search field over a list: the focus stays in the field and the arrows move in the list. */
function Reasons({ chosen, onChoose, onSubmit }: ReasonsProps) {
  const codes = useStore(desk, (state) => state.codes.wrap_up);
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => codes.filter((code) => contains(code.name, wanted)), [codes, wanted]);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isTyping()) field.current?.focus();
  }, []);
  const move = (step: number) => {
    const at = found.findIndex((code) => code.id === chosen);
    const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : at + step;
    const code = found[Math.max(0, Math.min(found.length - 1, next))];
    if (code) onChoose(code.id);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = moves[event.key];
    if (step !== undefined) {
      event.preventDefault();
      move(step);
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (found.some((code) => code.id === chosen)) onSubmit();
    else if (found[0]) onChoose(found[0].id);
  };
  return (
    <div className="reasons">
      <div className="search">
        <Search size={16} aria-hidden="true" />
        <input
          ref={field}
          className="input"
          type="search"
          role="combobox"
          aria-expanded="true"
          aria-controls="reasons"
          aria-activedescendant={chosen ? `reason-${chosen}` : undefined}
          aria-label={m.search()}
          placeholder={m.search_reason()}
          autoComplete="off"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <div id="reasons" role="listbox" aria-label={m.reasons()} className="reason-list">
        {found.map((code) => (
          <Reason key={code.id} code={code} isChosen={code.id === chosen} onChoose={onChoose} />
        ))}
      </div>
      {found.length === 0 && (
        <p className="muted" role="status">
          {m.no_reason_found()}
        </p>
      )}
    </div>
  );
}

interface ReasonProps {
  code: Code;
  isChosen: boolean;
  onChoose: (code: string) => void;
}

function Reason({ code, isChosen, onChoose }: ReasonProps) {
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) node.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    <div
      ref={node}
      id={`reason-${code.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      className="reason"
      onPointerDown={(event) => event.preventDefault()}
      onClick={() => onChoose(code.id)}
      onKeyDown={(event) => event.key === "Enter" && onChoose(code.id)}
    >
      {code.name}
      {code.default && <span className="reason-mark">{m.most_used()}</span>}
    </div>
  );
}
