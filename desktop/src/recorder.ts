/** Records a voice message, in the form that WhatsApp plays as one wherever the browser can. */
import { toOgg } from "./ogg";

// Ogg goes as it is, WebM holds the same Opus, and the last is all that some browsers have.
const FORMATS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const BITS_PER_S = 32_000;
const PIECE_MS = 1_000;

const format = () => FORMATS.find((each) => MediaRecorder.isTypeSupported(each));

export function canRecord(): boolean {
  const able = typeof MediaRecorder !== "undefined" && navigator.mediaDevices !== undefined;
  return able && format() !== undefined;
}

export interface Recording {
  /** Ends it; what was recorded, as a file. Throws where there is nothing in it. */
  stop: () => Promise<File>;
  /** Ends it, and what was recorded is gone. */
  cancel: () => void;
}

/** Begins to record, once the person has allowed it; throws where that is refused. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const mimeType = format() ?? "";
  const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_S });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  const ended = new Promise<void>((done) => {
    recorder.onstop = () => {
      // The sign that the microphone is on goes with its tracks.
      for (const track of stream.getTracks()) track.stop();
      done();
    };
  });
  recorder.start(PIECE_MS);
  const end = () => {
    if (recorder.state !== "inactive") recorder.stop();
    return ended;
  };
  return {
    stop: async () => {
      await end();
      return asFile(new Blob(pieces, { type: mimeType }), mimeType);
    },
    cancel: () => void end(),
  };
}

async function asFile(recorded: Blob, mimeType: string): Promise<File> {
  if (mimeType.startsWith("audio/mp4"))
    return new File([recorded], "voice.m4a", { type: "audio/mp4" });
  const isOgg = mimeType.startsWith("audio/ogg");
  const ogg = isOgg ? recorded : toOgg(new Uint8Array(await recorded.arrayBuffer()));
  return new File([ogg], "voice.ogg", { type: "audio/ogg" });
}
