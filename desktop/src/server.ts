/**
 * What may be asked of the server. Every answer is either data or a problem with a code; nothing
 * here throws, and "no line" is a problem like the others.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./api";
import { bodyOf, type Letter } from "./letters";
import type { Destination, Problem, Uploaded } from "./views";

export type Answer<T> = { data: T; problem?: undefined } | { data?: undefined; problem: Problem };

const NO_LINE: Problem = { status: 0, code: "no-line" };

let onSignedOut = () => {};

/** Called whenever the server says that there is no session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

// A repeat of the same command, by whoever, is answered as the first time.
const idempotent: Middleware = {
  onRequest({ request }) {
    if (request.method === "POST" && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
};

const client = createClient<paths>({ baseUrl: "/" });
client.use(idempotent);

interface Reply<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function ask<T>(request: Promise<Reply<T>>): Promise<Answer<T>> {
  try {
    const { data, error, response } = await request;
    if (response.ok) return { data: data as T };
    const problem = { ...asProblem(error), status: response.status };
    if (response.status === 401) onSignedOut();
    return { problem };
  } catch {
    return { problem: NO_LINE };
  }
}

function asProblem(error: unknown): Problem {
  const known = typeof error === "object" && error !== null && "code" in error;
  return known ? (error as Problem) : { status: 0, code: "server-error" };
}

/** A file on its way up. */
export interface Sending {
  done: Promise<Answer<Uploaded>>;
  stop: () => void;
}

const STOPPED: Problem = { status: 0, code: "stopped" };

/** Sends a file up, telling how much of it has gone, from 0 to 1. */
export function upload(file: File, onProgress: (part: number) => void): Sending {
  // Fetch does not tell how much has gone.
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append("file", file, file.name);
  const done = new Promise<Answer<Uploaded>>((resolve) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => resolve({ problem: NO_LINE });
    request.onabort = () => resolve({ problem: STOPPED });
    request.onload = () => {
      const { status, response } = request;
      if (status === 201) return resolve({ data: response as Uploaded });
      if (status === 401) onSignedOut();
      resolve({ problem: { ...asProblem(response), status } });
    };
  });
  request.open("POST", "/api/media");
  request.responseType = "json";
  request.send(form);
  return { done, stop: () => request.abort() };
}

const at = (id: string) => ({ params: { path: { id } } });

export const server = {
  info: () => ask(client.GET("/api/info")),
  session: () => ask(client.GET("/api/session")),
  signIn: (email: string, password: string, team: string | null, takeover: boolean) =>
    ask(client.POST("/api/session", { body: { email, password, team, takeover } })),
  signOut: () => ask(client.DELETE("/api/session")),
  beat: () => ask(client.POST("/api/desk/beat")),
  setState: (state: "available" | "idle", aux_code_id: string | null) =>
    ask(client.PUT("/api/agent/state", { body: { state, aux_code_id } })),
  settings: () => ask(client.GET("/api/me/settings")),
  saveSettings: (
    body: paths["/api/me/settings"]["put"]["requestBody"]["content"]["application/json"],
  ) => ask(client.PUT("/api/me/settings", { body })),
  accept: (id: string) => ask(client.POST("/api/tasks/{id}/accept", at(id))),
  acceptAll: () => ask(client.POST("/api/offers/accept-all")),
  messages: (id: string, before: string | null, limit: number) =>
    ask(
      client.GET("/api/conversations/{id}/messages", {
        params: { path: { id }, query: before === null ? { limit } : { before, limit } },
      }),
    ),
  earlierTasks: (id: string) => ask(client.GET("/api/conversations/{id}/tasks", at(id))),
  write: (id: string, client_id: string, letter: Letter) =>
    ask(
      client.POST("/api/tasks/{id}/messages", {
        ...at(id),
        body: bodyOf(client_id, letter),
        headers: { "Idempotency-Key": client_id },
      }),
    ),
  react: (id: string, emoji: string) =>
    ask(client.POST("/api/messages/{id}/reaction", { ...at(id), body: { emoji } })),
  fetchAgain: (id: string) => ask(client.POST("/api/media/{id}/retry", at(id))),
  read: (id: string) => ask(client.POST("/api/tasks/{id}/read", at(id))),
  typing: (id: string) => ask(client.POST("/api/tasks/{id}/typing", at(id))),
  resend: (id: string) => ask(client.POST("/api/messages/{id}/resend", at(id))),
  dismiss: (id: string) => ask(client.POST("/api/messages/{id}/dismiss", at(id))),
  end: (id: string) => ask(client.POST("/api/tasks/{id}/end", at(id))),
  wrapUp: (id: string, aux_code_id: string, note: string | null) =>
    ask(client.POST("/api/tasks/{id}/wrap-up", { ...at(id), body: { aux_code_id, note } })),
  hold: (id: string) => ask(client.POST("/api/tasks/{id}/wrap-up/hold", at(id))),
  timeline: (id: string) => ask(client.GET("/api/tasks/{id}/timeline", at(id))),
  targets: (purpose: "transfer" | "conference") =>
    ask(client.GET("/api/targets", { params: { query: { for: purpose } } })),
  transfer: (id: string, to: Destination, note: string | null) =>
    ask(client.POST("/api/tasks/{id}/transfer", { ...at(id), body: { to, note } })),
  invite: (id: string, to: Destination) =>
    ask(client.POST("/api/tasks/{id}/conference", { ...at(id), body: { to } })),
  cancelInvitation: (id: string, guest: string) =>
    ask(
      client.DELETE("/api/tasks/{id}/conference", { params: { path: { id }, query: { guest } } }),
    ),
  endConference: (id: string) => ask(client.POST("/api/tasks/{id}/conference/end", at(id))),
  leave: (id: string) => ask(client.POST("/api/tasks/{id}/leave", at(id))),
  handOver: (id: string, agent_id: string) =>
    ask(client.POST("/api/tasks/{id}/hand-over", { ...at(id), body: { agent_id } })),
  removeGuest: (id: string, agent_id: string) =>
    ask(client.DELETE("/api/tasks/{id}/guests/{agent_id}", { params: { path: { id, agent_id } } })),
  dismissNotice: (id: string) => ask(client.POST("/api/notices/{id}/dismiss", at(id))),
};
