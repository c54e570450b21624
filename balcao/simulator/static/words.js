// Every text of the page, in the language chosen.

import en from "./words-en.js";
import es from "./words-es.js";
import ptBR from "./words-pt-BR.js";

const WORDS = { "pt-BR": ptBR, en, es };

let language = "pt-BR";

/** Chooses the language: the one stored, else the browser's, else Portuguese. */
export function choose(wanted) {
  const known = Object.keys(WORDS);
  language =
    known.find((one) => one === wanted) ??
    known.find((one) => one.slice(0, 2) === (wanted ?? "").slice(0, 2).toLowerCase()) ??
    "pt-BR";
  return language;
}

/** Is a text in the chosen language, its {gaps} filled. */
export function word(key, gaps = {}) {
  const text = WORDS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, gap) => String(gaps[gap] ?? whole));
}

/** Is one of the first messages that a new customer may write. */
export function opening() {
  const all = WORDS[language].openings;
  return all[Math.floor(Math.random() * all.length)];
}

/** Is what kind of message this is, in words. */
export function kindWord(type) {
  return `kind_${type}` in WORDS[language] ? word(`kind_${type}`) : word("kind_other", { type });
}

/** Writes a time of day. */
export function clock(at) {
  return new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

/** Writes how large a file is. */
export function size(bytes) {
  const isLarge = bytes >= 1_000_000;
  const number = bytes / (isLarge ? 1_000_000 : 1_000);
  const unit = isLarge ? "megabyte" : "kilobyte";
  const how = { style: "unit", unit, maximumFractionDigits: isLarge ? 1 : 0 };
  return new Intl.NumberFormat(language, how).format(isLarge ? number : Math.max(1, number));
}
