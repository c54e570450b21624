/**
 * Files on their way to the server, before the message that they will be of is sent. They are kept
 * per task, so that switching tasks loses none; one goes up at a time, since a browser has few
 * connections and the stream needs one of them.
 */
import { createStore } from "zustand/vanilla";
import { type Choice, choiceOf, isSticker, kindOf, type Refusal, refusalOf } from "./media";
import { decoded, shrunk, thumbnail } from "./pictures";
import { type Answer, upload } from "./server";
import type { MediaKind, MediaView, Uploaded } from "./views";

export type Stage =
  | { is: "reading" }
  | { is: "choice"; choice: Choice }
  | { is: "waiting" }
  /** How much has gone, from 0 to 1. */
  | { is: "going"; part: number }
  | { is: "there"; media: MediaView }
  /** `again`: whether it may be tried once more as it is. */
  | { is: "refused"; refusal: Refusal; again: boolean };

export interface Attachment {
  key: number;
  task: string;
  file: File;
  kind: MediaKind;
  voice: boolean;
  /** A small view of a picture; null for what is none. */
  thumb: ImageBitmap | null;
  stage: Stage;
  /** What is to happen once it is there; null where a person sends it. */
  onThere: ((media: MediaView) => void) | null;
}

/** How many files may wait at one task. */
export const MAX_FILES = 20;

export const uploads = createStore<{ all: readonly Attachment[] }>(() => ({ all: [] }));

let keys = 0;
let running: { key: number; stop: () => void } | null = null;

function change(key: number, part: Partial<Attachment>): void {
  uploads.setState(({ all }) => ({
    all: all.map((each) => (each.key === key ? { ...each, ...part } : each)),
  }));
}

const find = (key: number) => uploads.getState().all.find((each) => each.key === key);

function add(task: string, file: File, part: Partial<Attachment> = {}): Attachment {
  keys += 1;
  const fresh: Attachment = {
    key: keys,
    task,
    file,
    kind: kindOf(file),
    voice: false,
    thumb: null,
    stage: { is: "reading" },
    onThere: null,
    ...part,
  };
  uploads.setState(({ all }) => ({ all: [...all, fresh] }));
  return fresh;
}

/** Attaches files to what is being written; whether there was room for all. */
export function attach(task: string, files: readonly File[]): boolean {
  const here = uploads.getState().all.filter((each) => each.task === task).length;
  const taken = files.slice(0, Math.max(0, MAX_FILES - here));
  for (const file of taken) void prepare(add(task, file));
  return taken.length === files.length;
}

/** Takes up a voice message, which goes to the customer once it is there. */
export function attachVoice(task: string, file: File, onThere: (media: MediaView) => void): void {
  enqueue(add(task, file, { kind: "audio", voice: file.type === "audio/ogg", onThere }));
}

async function prepare(fresh: Attachment): Promise<void> {
  const { key, file } = fresh;
  if (fresh.kind !== "image" || file.size === 0) {
    enqueue(fresh);
    return;
  }
  const picture = await decoded(file);
  if (picture === null) {
    refuse(key, { code: "image-format" }, false);
    return;
  }
  const { name, type, size } = file;
  const looks = { name, type, size, width: picture.width, height: picture.height };
  const kind = isSticker(looks) ? "sticker" : "image";
  // A photo decoded takes tens of megabytes, which nobody needs to hold.
  const thumb = await thumbnail(picture);
  picture.close();
  change(key, { thumb, kind });
  const choice = choiceOf(looks);
  if (choice !== null) {
    change(key, { stage: { is: "choice", choice } });
    return;
  }
  enqueue({ ...fresh, kind });
}

/** Makes the picture of an attachment smaller and a JPEG, and sends it up. */
export async function shrink(key: number): Promise<void> {
  const found = find(key);
  if (!found) return;
  change(key, { stage: { is: "reading" } });
  const file = await shrunk(found.file);
  if (file === null) {
    refuse(key, { code: "image-format" }, false);
    return;
  }
  change(key, { file });
  enqueue({ ...found, file });
}

/** Sends the file up as it is: the choice of a person, or another try. */
export function keepOrRetry(key: number): void {
  const found = find(key);
  if (found) enqueue(found);
}

function refuse(key: number, refusal: Refusal, again: boolean): void {
  change(key, { stage: { is: "refused", refusal, again } });
}

function enqueue({ key, file, kind }: Attachment): void {
  const refusal = refusalOf(file, kind);
  if (refusal !== null) {
    refuse(key, refusal, false);
    return;
  }
  change(key, { stage: { is: "waiting" } });
  void run();
}

async function run(): Promise<void> {
  if (running !== null) return;
  const next = uploads.getState().all.find((each) => each.stage.is === "waiting");
  if (next === undefined) return;
  const { key } = next;
  change(key, { stage: { is: "going", part: 0 } });
  const sending = upload(next.file, (part) => change(key, { stage: { is: "going", part } }));
  running = { key, stop: sending.stop };
  settle(next, await sending.done);
  running = null;
  void run();
}

function settle({ key, voice, onThere }: Attachment, { data, problem }: Answer<Uploaded>): void {
  // It may have been taken away meanwhile.
  if (find(key) === undefined) return;
  if (problem) {
    const { code, status, params } = problem;
    const again = status === 0 || status === 401 || status === 429 || status >= 500;
    refuse(key, { code, ...(params as Partial<Refusal> | undefined) }, again);
    return;
  }
  const media: MediaView = { ...data, state: "ready", voice, animated: false, error: null };
  change(key, { stage: { is: "there", media }, kind: data.kind });
  if (onThere === null) return;
  detach(key);
  onThere(media);
}

/** Takes a file away, and stops it if it is on its way. */
export function detach(key: number): void {
  find(key)?.thumb?.close();
  uploads.setState(({ all }) => ({ all: all.filter((each) => each.key !== key) }));
  if (running?.key === key) running.stop();
}

/** Takes away the files of one task, or of all. */
export function detachAll(task?: string): void {
  const { all } = uploads.getState();
  for (const each of all) if (task === undefined || each.task === task) detach(each.key);
}
