/** The live desk of one agent: the stream into the store, and what hangs on the line. */

import { accepted } from "./actions";
import { forget, learn } from "./clock";
import { apply, clear, desk, drop, flush, replaceAll } from "./desk";
import { forgetAll, load, storeAll } from "./drafts";
import { flushAll, start as startOutbox, stop as stopOutbox } from "./outbox";
import { server } from "./server";
import { closeDesk, stillSignedIn } from "./session";
import { Stream } from "./stream";
import { ui } from "./ui";

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
    gone: drop,
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
      return server.write(entry.task, entry.client_id, entry.text);
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
    ui.setState({ line: "reconnecting", hopes: { tasks: new Map(), state: null }, toasts: [] });
  };
}
