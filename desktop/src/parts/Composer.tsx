/** Where replies are written. Its text is the task's draft, kept through switching and reloads. */
import { SendHorizontal } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { send, settle } from "../actions";
import { onTick, serverNow } from "../clock";
import { desk } from "../desk";
import { discard, draft, keep } from "../drafts";
import { outbox, retry } from "../outbox";
import { m } from "../paraglide/messages.js";
import { server } from "../server";
import { COUNTED_FROM, codePoints, LIMIT, split } from "../text/count";
import { toast, ui } from "../ui";
import type { TaskView } from "../views";

const TYPING_EVERY_MS = 20_000;
const MAX_HEIGHT = 180;

export function Composer({ task, me }: { task: TaskView; me: string }) {
  const open = useWindowOpen(task.window_closes_at);
  return open ? <Writing key={task.id} task={task} me={me} /> : <WindowClosed />;
}

function isOpen(closes: string | null): boolean {
  return closes !== null && Date.parse(closes) > serverNow();
}

/** Whether free replies are allowed; turns by itself when the time is up. */
function useWindowOpen(closes: string | null): boolean {
  const [, redraw] = useState(0);
  const open = isOpen(closes);
  useEffect(
    () =>
      onTick(() => {
        if (isOpen(closes) !== open) redraw((count) => count + 1);
      }),
    [closes, open],
  );
  return open;
}

function WindowClosed() {
  return (
    <section className="composer closed" aria-labelledby="window-closed" data-region tabIndex={-1}>
      <h2 id="window-closed">{m.window_closed_title()}</h2>
      <p>{m.window_closed_text()}</p>
    </section>
  );
}

function useDraft(task: string, me: string) {
  const [text, setText] = useState(() => draft(me, task));
  const touched = useRef(false);
  // Drafts are read from the browser a moment after the desk opens.
  useEffect(
    () =>
      desk.subscribe(() => {
        if (!touched.current) setText(draft(me, task));
      }),
    [me, task],
  );
  const change = (value: string) => {
    touched.current = true;
    setText(value);
    keep(me, task, value);
  };
  return [text, change, setText] as const;
}

function useComposerFocus(task: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  const focus = useStore(ui, (state) => state.focus);
  useEffect(() => {
    if (focus?.task === task) area.current?.focus();
  }, [focus, task]);
  return area;
}

function Writing({ task, me }: { task: TaskView; me: string }) {
  const [text, change, setText] = useDraft(task.id, me);
  const area = useComposerFocus(task.id);
  const typed = useRef(0);
  const count = codePoints(text);
  const sendable = text.trim() !== "" && count <= LIMIT;

  // After every drawing, since the height hangs on the text and on the width.
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(MAX_HEIGHT, area.current.scrollHeight)}px`;
  });

  const write = (value: string) => {
    change(value);
    const now = performance.now();
    if (value === "" || (typed.current !== 0 && now - typed.current < TYPING_EVERY_MS)) return;
    typed.current = now;
    void server.typing(task.id);
  };
  const submit = async () => {
    if (!sendable) return;
    setText("");
    area.current?.focus();
    try {
      await send(task, text);
      await discard(me, task.id);
    } catch {
      change(text);
      toast(m.not_stored());
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // 229 is how some browsers tell of the Enter that ends a composition.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
    if (event.key === "ArrowUp" && text === "") retryLast(task, me);
  };
  return (
    <section className="composer" aria-label={m.composer_label()} data-region tabIndex={-1}>
      <div className="composer-box">
        <textarea
          ref={area}
          aria-label={m.composer_label()}
          aria-describedby="composer-hint"
          aria-invalid={count > LIMIT}
          placeholder={m.composer_hint()}
          rows={1}
          value={text}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {count > LIMIT && <Over text={text} />}
        <div className="composer-foot">
          <Count count={count} />
          <span id="composer-hint" className="composer-hint muted">
            {m.enter_sends()}
          </span>
          <Button className="button primary" isDisabled={!sendable} onPress={() => void submit()}>
            <SendHorizontal size={16} aria-hidden="true" />
            {m.send()}
          </Button>
        </div>
      </div>
    </section>
  );
}

function Count({ count }: { count: number }) {
  if (count < COUNTED_FROM) return null;
  return (
    <span className={count > LIMIT ? "count over" : "count"} role="status">
      {count > LIMIT ? m.over({ count: count - LIMIT }) : m.count({ used: count, all: LIMIT })}
    </span>
  );
}

/** What does not fit, marked, so that it can be found and cut. */
function Over({ text }: { text: string }) {
  const { over } = split(text);
  return (
    <div className="over" role="note">
      <p>{m.over_text()}</p>
      <mark>{over}</mark>
    </div>
  );
}

/** Arrow up in the empty box: the newest message that did not get out is tried again. */
function retryLast(task: TaskView, me: string): void {
  const conversation = task.conversation_id;
  const refused = outbox
    .getState()
    .entries.findLast((entry) => entry.conversation === conversation && entry.refused !== null);
  if (refused) return void retry(refused);
  const failed = desk
    .getState()
    .threads.get(conversation)
    ?.messages.findLast((each) => each.status === "failed" && each.author.id === me);
  if (failed && !failed.dismissed) void settle(failed.id, "resend");
}
