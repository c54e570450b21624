// What a phone shows of a photo, a voice message, a file or a place.

import { element } from "./element.js";
import { size, word } from "./words.js";

const SHOWN = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const bare = (type) => type.split(";")[0].trim().toLowerCase();

/** Shows what a line has attached; `kind` is what it is called. */
export function attachment(line, kind) {
  const { media } = line;
  const type = bare(media.mime_type);
  const src = `/sim/media/${media.sha256}?as=${encodeURIComponent(type)}`;
  if (["image", "sticker"].includes(line.type) && SHOWN.includes(type)) {
    return element("img", { class: "media", src, alt: kind, loading: "lazy" });
  }
  if (["audio", "video"].includes(line.type)) {
    const attributes = { class: "media", src, controls: "", preload: "metadata" };
    return element(line.type, { ...attributes, "aria-label": kind });
  }
  const called = media.name ?? kind;
  return element(
    "a",
    { class: "file", href: src, download: called },
    called,
    element("small", {}, `${type} · ${size(media.size)}`),
  );
}

/** Shows where a place is, and leads to a map of it. */
export function place({ latitude, longitude, name, address }) {
  const spot = `${latitude}/${longitude}`;
  const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${spot}`;
  return element(
    "a",
    { class: "file", href, target: "_blank", rel: "noreferrer" },
    name || word("kind_location"),
    element("small", {}, address || `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`),
  );
}
