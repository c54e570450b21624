// What a phone attaches: a file that is picked, or a voice message that is recorded.

import { button, element, icon, name } from "./element.js";
import { canRecord, record } from "./recorder.js";
import { word } from "./words.js";

const ACCEPTED = {
  image: "image/jpeg,image/png,video/mp4,video/3gpp",
  audio: "audio/*",
  sticker: "image/webp",
  document: "",
};
const CAMERA = "M4 6h4l1.5-2h5L16 6h4v13H4zM12 9a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z";
const VOICE = "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4";
const STOP = "M7 7h10v10H7z";
const CAPTIONED = ["image", "video", "document"];

/** Lets a file be picked; null where none is. */
function pick(type) {
  const input = element("input", { type: "file", accept: ACCEPTED[type] });
  return new Promise((done) => {
    input.addEventListener("change", () => done(input.files[0] ?? null));
    input.addEventListener("cancel", () => done(null));
    input.click();
  });
}

/** Is a message with a file whose content the simulator has; `text` goes along where it can. */
function content(type, file, kept, text) {
  const mime_type = file.type || "application/octet-stream";
  const kind = type === "image" && mime_type.startsWith("video/") ? "video" : type;
  const media = { content: kept, mime_type };
  if (kind === "document" && file.name) media.name = file.name;
  return { type: kind, media, ...(text && CAPTIONED.includes(kind) ? { caption: text } : {}) };
}

export class Attaching {
  /** `upload(file)` gives a file to the simulator; `phone` then posts the message with it. */
  constructor(phone, upload) {
    this.phone = phone;
    this.upload = upload;
    /** The voice message that is being recorded. */
    this.recording = null;
    this.camera = button(icon(CAMERA, 24), () => this.pick("image"), { class: "kind" });
    this.voice = button("", () => this.speak(), { class: "kind" });
  }

  /** Says again what the buttons do, in the language chosen now. */
  retell() {
    const isOn = this.recording !== null;
    name(this.camera, word("attachImage"));
    this.voice.replaceChildren(icon(isOn ? STOP : VOICE, 24));
    this.voice.classList.toggle("recording", isOn);
    name(this.voice, word(isOn ? "sendRecording" : canRecord() ? "record" : "attachAudio"));
  }

  /** Sends a file that the person picks, with the text that stands there. */
  async pick(type) {
    const file = await pick(type);
    if (file) await this.attach(type, file);
  }

  /** Begins to record a voice message, or sends the one that is being recorded. */
  async speak() {
    if (!canRecord()) {
      await this.pick("audio");
    } else if (this.recording) {
      const { stop } = this.recording;
      this.hear(null);
      await this.attach("audio", await stop(), { voice: true });
    } else {
      try {
        this.hear(await record());
      } catch {
        this.phone.tell(word("noMicrophone"));
      }
    }
  }

  cancel() {
    this.recording.cancel();
    this.hear(null);
    this.voice.focus();
  }

  hear(recording) {
    this.recording = recording;
    this.retell();
    this.phone.showMarks();
  }

  async attach(type, file, more = {}) {
    const { phone } = this;
    phone.tell(word("uploading"));
    const kept = await this.upload(file);
    phone.tell("");
    if (!kept) return;
    const message = content(type, file, kept.content, phone.box.value.trim());
    if (message.caption) phone.fill("");
    const sent = await phone.post({ ...message, ...more });
    if (!sent && message.caption && !phone.box.value) phone.fill(message.caption);
  }
}
