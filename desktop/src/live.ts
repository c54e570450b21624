/** The live desk of one agent: the stream into the store, and what hangs on the line. */

import { navigate } from "wouter/use-browser-location";
import { accepted, address } from "./actions";
import { forget, learn, serverNow } from "./clock";
import { apply, clear, desk, drop, flush, replaceAll } from "./desk";
import { forgetAll, load, storeAll } from "./drafts";
import { closeHanding } from "./handing";
import { whyGone } from "./look";
import { flushAll, start as startOutbox, stop as stopOutbox } from "./outbox";
import { m } from "./paraglide/messages.js";
import { server } from "./server";
import { closeDesk, stillSignedIn } from "./session";
import { Stream } from "./stream";
import { customerName } from "./text/words";
import { reply, toast, ui } from "./ui";
import { detachAll } from "./uploads";

/** Says why a task goes, where its own agent did not send it away. */
function tellGone(id: string): void {
  const task = desk.getState().tasks.get(id);
  const why = task && whyGone(task, ui.getState().hopes, serverNow());
  if (!why) return;
  const customer = customerName(task);
  toast(why === "time-up" ? m.wrapped_up_alone({ customer }) : m.guest_over({ customer }), "info");
  // Its reasons were on the screen; where they are sent by hand, the desk comes next as well.
  if (why === "time-up" && location.pathname === address(id)) navigate("/");
}

/** Opens the desk; the returned function closes it. */
export function openDesk(agent: string): () => void {
  const stream = new Stream({
    snapshot(snapshot) {
      forget();
      learn(snapshot.at);
      replaceAll(snapshot);
      flushAll();
    },
    view: apply,
    gone(kind, id) {
      if (kind === "task") {
        tellGone(id);
        if (ui.getState().handing?.task === id) closeHanding();
        reply(id, null);
        detachAll(id);
      }
      drop(kind, id);
    },
    ping(at) {
      learn(at);
      void server.beat();
    },
    closed: closeDesk,
    line: (line) => ui.setState({ line }),
    stillSignedIn,
  });
  const wake = () => {
    if (!document.hidden) stream.wake();
  };
  // Frames stop when the page is hidden; what is gathered must not wait until it shows again.
  const hidden = () => {
    if (!document.hidden) return wake();
    flush();
    void storeAll();
  };
  const leaving = () => void storeAll();
  const back = () => stream.open();
  const lost = () => ui.setState({ line: "offline" });
  window.addEventListener("online", back);
  window.addEventListener("offline", lost);
  window.addEventListener("pageshow", wake);
  window.addEventListener("pagehide", leaving);
  document.addEventListener("visibilitychange", hidden);
  void load(agent).then(() => desk.setState({}));
  void startOutbox(agent, {
    async send(entry) {
      await accepted(entry.task);
      return server.write(entry.task, entry.client_id, entry);
    },
    taken: (message) => {
      apply(message);
      flush();
    },
  });
  stream.open();
  return () => {
    stream.close();
    window.removeEventListener("online", back);
    window.removeEventListener("offline", lost);
    window.removeEventListener("pageshow", wake);
    window.removeEventListener("pagehide", leaving);
    document.removeEventListener("visibilitychange", hidden);
    void storeAll().then(forgetAll);
    stopOutbox();
    clear();
    const hopes = { tasks: new Map(), state: null };
    detachAll();
    const replies = new Map();
    ui.setState({ line: "reconnecting", hopes, toasts: [], handing: null, viewing: null, replies });
  };
}
