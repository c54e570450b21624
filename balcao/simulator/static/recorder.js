// Records a voice message.

// WhatsApp's voice messages are Ogg; not every browser can record it.
const FORMATS = ["audio/ogg;codecs=opus", "audio/mp4"];

const format = () => FORMATS.find((one) => MediaRecorder.isTypeSupported(one));

/** Says whether voice can be recorded here. */
export function canRecord() {
  return Boolean(globalThis.MediaRecorder && navigator.mediaDevices && format());
}

/** Begins to record, once that is allowed; `stop` gives a file, and `cancel` nothing. */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const recorder = new MediaRecorder(stream, { mimeType: format() });
  const pieces = [];
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  const ended = new Promise((done) => {
    recorder.addEventListener("stop", () => {
      // The sign that the microphone is on goes with its tracks.
      for (const track of stream.getTracks()) track.stop();
      done();
    });
  });
  recorder.start();
  const stop = async () => {
    recorder.stop();
    await ended;
    const type = format().replace(";codecs=", "; codecs=");
    return new File(pieces, "voice", { type });
  };
  return { stop, cancel: () => recorder.stop() };
}
