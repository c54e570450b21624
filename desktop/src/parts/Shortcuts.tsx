/** The sheet of keyboard shortcuts; it covers nothing that matters and closes with Escape. */
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { COMMANDS, type Command, KEYS, keyText } from "../keys";
import { m } from "../paraglide/messages.js";
import { settings } from "../settings";
import { ui } from "../ui";

const close = () => ui.setState({ shortcuts: false });

export function Shortcuts() {
  const open = useStore(ui, (state) => state.shortcuts);
  return open ? <Sheet /> : null;
}

function Sheet() {
  const chosen = useStore(settings, (all) => all.keys);
  const node = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    node.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const rows: [string, string][] = (Object.keys(KEYS) as Command[]).map((command) => [
    COMMANDS[command](),
    keyText(chosen[command] ?? KEYS[command]),
  ]);
  rows.push([m.key_send(), "Enter"], [m.key_line(), "Shift+Enter"], [m.key_retry(), "↑"]);
  return (
    <section
      ref={node}
      className="dialog shortcuts"
      role="dialog"
      aria-modal="false"
      aria-labelledby="shortcuts"
      tabIndex={-1}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <div className="row spread">
        <h2 id="shortcuts">{m.shortcuts()}</h2>
        <Button className="icon-button" aria-label={m.close()} onPress={close}>
          <X size={18} aria-hidden="true" />
        </Button>
      </div>
      <dl className="facts">
        {rows.map(([text, keys]) => (
          <div key={text}>
            <dt>{text}</dt>
            <dd>
              <kbd>{keys}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
