/** Pages that say one thing: the desk was closed, another role, nothing here. */
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import { LanguageSelect, ThemeButton } from "../parts/choices";
import { leaveClosed, signOut } from "../session";
import type { ClosedCode, SessionView } from "../views";

export function Plain({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="entrance">
      <header className="entrance-choices">
        <LanguageSelect />
        <ThemeButton />
      </header>
      <main className="card entrance-card">
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}

const CLOSED = {
  "taken-over": [m.closed_taken_over, m.closed_taken_over_text],
  "signed-out": [m.closed_signed_out, m.closed_signed_out_text],
  disabled: [m.closed_disabled, m.closed_disabled_text],
  expired: [m.closed_expired, m.closed_expired_text],
} as const;

/** Why the desk is closed. It stays until the person goes on: a desk never comes back by itself. */
export function ClosedPage({ code }: { code: ClosedCode }) {
  const [title, text] = CLOSED[code];
  return (
    <Plain title={title()}>
      <p role="alert">{text()}</p>
      <Button className="button primary" autoFocus onPress={leaveClosed}>
        {m.sign_in_again()}
      </Button>
    </Plain>
  );
}

export function OtherRolePage({ person }: { person: SessionView }) {
  return (
    <Plain title={m.other_role_title({ name: person.name })}>
      <p>{m.other_role_text()}</p>
      <Button className="button" onPress={() => void signOut()}>
        {m.sign_out()}
      </Button>
    </Plain>
  );
}

export function WaitingPage() {
  return (
    <main className="entrance" aria-busy="true">
      <h1 className="hidden">{m.product()}</h1>
      <p>{m.loading()}</p>
    </main>
  );
}
