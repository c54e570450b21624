/** What stays until dismissed, and what passes by itself. */
import { X } from "lucide-react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { dismissNotice } from "../actions";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { noticeText, timeText } from "../text/words";
import { endToast, ui } from "../ui";

export function Notices() {
  const notices = useStore(desk, (state) => state.notices);
  if (notices.size === 0) return null;
  return (
    <section className="notices" aria-label={m.notices()} data-region tabIndex={-1}>
      <h2>{m.notices()}</h2>
      <ul>
        {[...notices.values()].map((notice) => (
          <li key={notice.id}>
            <p>
              {noticeText(notice)} <span className="muted number">{timeText(notice.at)}</span>
            </p>
            <Button
              className="icon-button small"
              aria-label={m.dismiss()}
              onPress={() => void dismissNotice(notice.id)}
            >
              <X size={16} aria-hidden="true" />
            </Button>
          </li>
        ))}
      </ul>
    </section>
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
