/** What stays until dismissed, and what passes by itself. */
import { X } from "lucide-react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { dismissNotice } from "../actions";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { noticeText } from "../text/notices";
import { timeText } from "../text/words";
import { endToast, ui } from "../ui";
import { useTasks } from "../use";
import type { NoticeView } from "../views";

/** Notices; a new one is read aloud, so what holds them is there before the first. */
export function Notices() {
  const notices = useStore(desk, (state) => state.notices);
  return (
    <div aria-live="polite" aria-relevant="additions">
      {notices.size > 0 && (
        <section className="notices" aria-label={m.notices()} data-region tabIndex={-1}>
          <h2>{m.notices()}</h2>
          <ul>
            {[...notices.values()].map((notice) => (
              <Notice key={notice.id} notice={notice} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Notice({ notice }: { notice: NoticeView }) {
  const [path, go] = useLocation();
  const address = `/tasks/${notice.task_id}`;
  const here = useTasks().some((task) => task.id === notice.task_id);
  return (
    <li>
      <div>
        <p>
          {noticeText(notice)} <span className="number">{timeText(notice.at)}</span>
        </p>
        {here && path !== address && (
          <Button className="button link" onPress={() => go(address)}>
            {m.open_task()}
          </Button>
        )}
      </div>
      <Button
        className="icon-button small"
        aria-label={m.dismiss()}
        onPress={() => void dismissNotice(notice.id)}
      >
        <X size={16} aria-hidden="true" />
      </Button>
    </li>
  );
}

export function Toasts() {
  const toasts = useStore(ui, (state) => state.toasts);
  return (
    <div className="toasts" role="alert">
      {toasts.map((each) => (
        <div key={each.id} className={`toast ${each.tone}`}>
          <p>{each.text}</p>
          <Button
            className="icon-button small"
            aria-label={m.close()}
            onPress={() => endToast(each.id)}
          >
            <X size={16} aria-hidden="true" />
          </Button>
        </div>
      ))}
    </div>
  );
}
