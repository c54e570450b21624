/** What a message says beyond its text, in the words of the reader's language. */
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";
import type { Author, Content, Option, Quoted, Reaction, Referral } from "../views";
import { webAddress } from "./link";
import { formatPhone } from "./phone";
import { unmarked } from "./whatsapp";
import { bareText, entryOf } from "./words";

type Of<Kind extends Content["kind"]> = Extract<Content, { kind: Kind }>;
type Place = Of<"location">;
type Item = Of<"order">["items"][number];

// A tenth of a metre.
const DECIMALS = 6;

const degrees = (value: number) => String(Number(value.toFixed(DECIMALS)));

/** Latitude and longitude in degrees. */
export function coordinates({ latitude, longitude }: Place): string {
  return `${degrees(latitude)}, ${degrees(longitude)}`;
}

/** Where the place can be seen: at the customer's own address for it, or on a public map. */
export function mapLink(place: Place): string {
  const [lat, lon] = [degrees(place.latitude), degrees(place.longitude)];
  const map = `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`;
  return webAddress(place.url) ?? map;
}

/** The number as ours are written, if it has a calling code; else as the card has it. */
export function cardPhone(number: string): string {
  return /^\+[\d ().-]+$/.test(number) ? formatPhone(number) : number;
}

const ANSWERS: Record<Of<"answer">["to"], () => string> = {
  button: m.type_button,
  list: m.answer_list,
  flow: m.answer_form,
};

/** What was answered to. */
export function answerText(to: Of<"answer">["to"]): string {
  return ANSWERS[to]();
}

/** The quantity as people write it; empty where it is missing. */
export function quantityText(quantity: number | null): string {
  return quantity === null ? "" : new Intl.NumberFormat(getLocale()).format(quantity);
}

/** The amount with its currency; with the customer's own word for that if there is none of it. */
export function moneyText(amount: number, currency: string | null): string {
  try {
    const style = currency === null ? {} : ({ style: "currency", currency } as const);
    return new Intl.NumberFormat(getLocale(), style).format(amount);
  } catch {
    return `${new Intl.NumberFormat(getLocale()).format(amount)} ${currency}`;
  }
}

/** What a line of an order comes to; null where the quantity or the price is missing. */
export function lineTotal({ quantity, price }: Item): number | null {
  return quantity === null || price === null ? null : quantity * price;
}

/** What the whole order comes to; null unless every line is known, and in one currency. */
export function orderTotal(items: readonly Item[]): { amount: number; currency: string } | null {
  const currency = items[0]?.currency ?? null;
  let amount = 0;
  for (const item of items) {
    const sum = lineTotal(item);
    if (sum === null || item.currency !== currency) return null;
    amount += sum;
  }
  return currency === null ? null : { amount, currency };
}

const UNAVAILABLE = 131060;

const UNSUPPORTED: Record<string, () => string> = {
  poll_creation: m.unsupported_poll,
  pin: m.unsupported_pin,
  keep_in_chat: m.unsupported_keep,
  edit: m.unsupported_edit,
  group_invite: m.unsupported_invite,
};

/** What it was that WhatsApp does not pass on, as far as it says. */
export function unsupportedText({ what, code }: Of<"unsupported">): string {
  if (code === UNAVAILABLE) return m.unsupported_unavailable();
  const known = entryOf(UNSUPPORTED, what ?? "");
  if (known) return known();
  // Without a code it was passed on, and it is we who do not know it.
  return code === null ? m.placeholder_note() : m.unsupported_other();
}

/** Who wrote; a customer may have no name, and the product writes by itself. */
export function authorName(author: Author): string {
  return author.name ?? (author.kind === "customer" ? m.no_name() : m.product());
}

/** Whose message is quoted, and its words; no author where we do not have it. */
export function quoteText(quoted: Quoted): { author: string | null; text: string } {
  const { author, type, text, deleted } = quoted;
  if (author === null || type === null) return { author: null, text: m.quoted_missing() };
  const words = unmarked(text ?? "").trim();
  return { author: authorName(author), text: words === "" ? bareText(type, deleted) : words };
}

/** The choices of a menu under the headings that they stand under, in their order. */
export function sectionsOf(
  options: readonly Option[],
): { section: string | null; options: Option[] }[] {
  const sections: { section: string | null; options: Option[] }[] = [];
  for (const option of options) {
    const last = sections[sections.length - 1];
    if (last && last.section === option.section) last.options.push(option);
    else sections.push({ section: option.section, options: [option] });
  }
  return sections;
}

export interface Reacted {
  emoji: string;
  names: string[];
}

/** Who reacted with what, the emoji in the order of their first. */
export function reactionsBy(reactions: readonly Reaction[], me: string): Reacted[] {
  const groups = new Map<string, Reacted>();
  for (const { emoji, author } of reactions) {
    const group = groups.get(emoji) ?? { emoji, names: [] };
    const mine = author.kind === "agent" && author.id === me;
    group.names.push(mine ? m.you() : authorName(author));
    groups.set(emoji, group);
  }
  return [...groups.values()];
}

/** All of that as one sentence. */
export function reactionsText(groups: readonly Reacted[]): string {
  const list = groups.map(({ emoji, names }) => `${emoji} ${names.join(", ")}`).join("; ");
  return m.reactions({ list });
}

/** What led the customer here. */
export function referralText({ kind }: Referral): string {
  if (kind === "ad") return m.referral_ad();
  return kind === "post" ? m.referral_post() : m.referral_other();
}
