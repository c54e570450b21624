/** Who is signed in, and which page that makes: the way in, the desk, or why it was closed. */
import { createStore } from "zustand/vanilla";
import { server, whenSignedOut } from "./server";
import type { ClosedCode, Problem, SessionView } from "./views";

export type Phase = "checking" | "signed-out" | "signed-in" | "closed";

interface SessionState {
  phase: Phase;
  person: SessionView | null;
  closed: ClosedCode | null;
}

export const session = createStore<SessionState>(() => ({
  phase: "checking",
  person: null,
  closed: null,
}));

const signedOut = () => session.setState({ phase: "signed-out", person: null, closed: null });

whenSignedOut(() => {
  // A page that says why it was closed stays until the person goes on.
  if (session.getState().phase !== "closed") signedOut();
});

/** Asks the server who this is; no line leaves the way in, which says so itself. */
export async function checkSession(): Promise<void> {
  const { data } = await server.session();
  if (data) session.setState({ phase: "signed-in", person: data, closed: null });
  else signedOut();
}

/** Whether the session still stands; no answer counts as standing. */
export async function stillSignedIn(): Promise<boolean> {
  const { problem } = await server.session();
  return problem?.status !== 401;
}

export interface Attempt {
  email: string;
  password: string;
  team: string | null;
  takeover: boolean;
}

/** Signs in; the problem if it did not work. */
export async function signIn(attempt: Attempt): Promise<Problem | null> {
  const { email, password, team, takeover } = attempt;
  const { data, problem } = await server.signIn(email, password, team, takeover);
  if (problem) return problem;
  session.setState({ phase: "signed-in", person: data, closed: null });
  return null;
}

export async function signOut(): Promise<Problem | null> {
  const { problem } = await server.signOut();
  if (problem && problem.status !== 401) return problem;
  signedOut();
  return null;
}

export function closeDesk(code: ClosedCode): void {
  session.setState({ phase: "closed", closed: code });
}

export const leaveClosed = signedOut;
