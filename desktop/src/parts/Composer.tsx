/** Where replies are written. Its text is the task's draft, kept through switching and reloads. */
import { Mic, Paperclip, SendHorizontal, X } from "lucide-react";
import {
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { send, settle } from "../actions";
import { desk } from "../desk";
import { discard, draft, keep } from "../drafts";
import { lettersOf } from "../letters";
import { CAPTION, isCaptioned } from "../media";
import { outbox, retry } from "../outbox";
import { m } from "../paraglide/messages.js";
import { canRecord } from "../recorder";
import { server } from "../server";
import { COUNTED_FROM, codePoints, LIMIT, split } from "../text/count";
import { reply, toast, ui } from "../ui";
import { attachVoice, detach, uploads } from "../uploads";
import { useWindowOpen } from "../use";
import type { MediaView, Quoted, TaskView } from "../views";
import { attachTo } from "./Dropping";
import { Quote } from "./Marks";
import { Tray } from "./Tray";
import { Voice } from "./Voice";

const TYPING_EVERY_MS = 20_000;
const MAX_HEIGHT = 180;

export function Composer({ task, me }: { task: TaskView; me: string }) {
  const open = useWindowOpen(task.window_closes_at);
  return open ? <Writing key={task.id} task={task} me={me} /> : <WindowClosed />;
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

/** What goes with the words: the files of this task, those that are sent by hand, and the quote. */
function useEnclosed(task: string) {
  const all = useStore(uploads, (state) => state.all);
  const quoted = useStore(ui, (state) => state.replies.get(task)) ?? null;
  return useMemo(() => {
    const files = all.filter((each) => each.task === task);
    const sent = files.filter((each) => each.onThere === null);
    const media = sent.flatMap(({ stage }) => (stage.is === "there" ? [stage.media] : []));
    const captioned = sent.some(({ kind }) => isCaptioned(kind));
    return { files, sent, media, quoted, limit: captioned ? CAPTION : LIMIT };
  }, [all, task, quoted]);
}

/** The height hangs on the text and on the width, so it is set after every drawing. */
function useHeight(area: RefObject<HTMLTextAreaElement | null>): void {
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(MAX_HEIGHT, area.current.scrollHeight)}px`;
  });
}

/** Tells the server that somebody writes, not too often. */
function useTyping(task: string): (value: string) => void {
  const typed = useRef(0);
  return (value) => {
    const now = performance.now();
    if (value === "" || (typed.current !== 0 && now - typed.current < TYPING_EVERY_MS)) return;
    typed.current = now;
    void server.typing(task);
  };
}

function Writing({ task, me }: { task: TaskView; me: string }) {
  const [text, change, setText] = useDraft(task.id, me);
  const [recording, setRecording] = useState(false);
  const { files, sent, media, quoted, limit } = useEnclosed(task.id);
  const area = useComposerFocus(task.id);
  const tellTyping = useTyping(task.id);
  const toBox = () => requestAnimationFrame(() => area.current?.focus());
  const count = codePoints(text);
  const filled = text.trim() !== "" || sent.length > 0;
  const sendable = filled && count <= limit && media.length === sent.length;

  const submit = async () => {
    if (!sendable) return;
    setText("");
    area.current?.focus();
    try {
      await send(task, lettersOf(text, media, quoted));
    } catch {
      change(text);
      return toast(m.not_stored());
    }
    for (const { key } of sent) detach(key);
    reply(task.id, null);
    await discard(me, task.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // 229 is how some browsers tell of the Enter that ends a composition.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
    if (event.key === "Escape" && quoted !== null) reply(task.id, null);
    if (event.key === "ArrowUp" && text === "") retryLast(task, me);
  };
  const onVoice = (file: File) => {
    attachVoice(task.id, file, (voice) => void sendVoice(task, voice, quoted));
    reply(task.id, null);
    setRecording(false);
    toBox();
  };
  const onCancel = () => {
    setRecording(false);
    toBox();
  };
  return (
    <section className="composer" aria-label={m.composer_label()} data-region tabIndex={-1}>
      {quoted !== null && <QuoteBar task={task.id} quoted={quoted} onGone={toBox} />}
      <Tray files={files} onGone={toBox} />
      {recording && <Voice onDone={onVoice} onCancel={onCancel} />}
      <div className="composer-box" hidden={recording}>
        <Box
          area={area}
          text={text}
          isOver={count > limit}
          quoted={quoted !== null}
          onKeyDown={onKeyDown}
          onChange={(value) => {
            change(value);
            tellTyping(value);
          }}
        />
        {count > limit && <Over text={text} limit={limit} />}
        <div className="composer-foot">
          <div className="composer-tools">
            <AttachButton task={task.id} />
            <VoiceButton onPress={() => setRecording(true)} />
          </div>
          <Count count={count} limit={limit} />
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

async function sendVoice(task: TaskView, voice: MediaView, quoted: Quoted | null): Promise<void> {
  try {
    await send(task, lettersOf("", [voice], quoted));
  } catch {
    toast(m.not_stored());
  }
}

interface BoxProps {
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  isOver: boolean;
  quoted: boolean;
  onChange: (value: string) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function Box({ area, text, isOver, quoted, onChange, onKeyDown }: BoxProps) {
  useHeight(area);
  return (
    <textarea
      ref={area}
      aria-label={m.composer_label()}
      aria-describedby={quoted ? "composer-quote composer-hint" : "composer-hint"}
      aria-invalid={isOver}
      placeholder={m.composer_hint()}
      rows={1}
      value={text}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}

/** The message that is being answered to, and a way out of that. */
function QuoteBar({ task, quoted, onGone }: { task: string; quoted: Quoted; onGone: () => void }) {
  const cancel = () => {
    reply(task, null);
    onGone();
  };
  return (
    <div className="quote-bar" id="composer-quote">
      <Quote quoted={quoted} onOpen={null} />
      <Button className="icon-button small" aria-label={m.cancel_reply()} onPress={cancel}>
        <X size={16} aria-hidden="true" />
      </Button>
    </div>
  );
}

function AttachButton({ task }: { task: string }) {
  const field = useRef<HTMLInputElement>(null);
  const onChange = () => {
    if (!field.current) return;
    attachTo(task, field.current.files ?? []);
    // The same file may be chosen again.
    field.current.value = "";
  };
  return (
    <>
      <input ref={field} type="file" multiple hidden onChange={onChange} />
      <Button
        className="icon-button"
        aria-label={m.attach()}
        onPress={() => field.current?.click()}
      >
        <Paperclip size={18} aria-hidden="true" />
      </Button>
    </>
  );
}

function VoiceButton({ onPress }: { onPress: () => void }) {
  if (!canRecord()) return null;
  return (
    <Button className="icon-button" aria-label={m.record_voice()} onPress={onPress}>
      <Mic size={18} aria-hidden="true" />
    </Button>
  );
}

function Count({ count, limit }: { count: number; limit: number }) {
  if (count < limit - LIMIT + COUNTED_FROM) return null;
  return (
    <span className={count > limit ? "count over" : "count"} role="status">
      {count > limit ? m.over({ count: count - limit }) : m.count({ used: count, all: limit })}
    </span>
  );
}

/** What does not fit, marked, so that it can be found and cut. */
function Over({ text, limit }: { text: string; limit: number }) {
  const { over } = split(text, limit);
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
