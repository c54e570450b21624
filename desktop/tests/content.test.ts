import { beforeEach, describe, expect, test } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { placesOf, rowsOf } from "../src/rows";
import {
  answerText,
  cardPhone,
  coordinates,
  lineTotal,
  mapLink,
  moneyText,
  orderTotal,
  quantityText,
  quoteText,
  reactionsBy,
  reactionsText,
  referralText,
  unsupportedText,
} from "../src/text/content";
import { webAddress } from "../src/text/link";
import { unmarked } from "../src/text/whatsapp";
import { bareText, previewText, typeText } from "../src/text/words";
import type { Author, TaskView } from "../src/views";
import { AT, message, task } from "./make";

const speak = (locale: "pt-BR" | "en" | "es") => overwriteGetLocale(() => locale);

beforeEach(() => speak("pt-BR"));

/** The space that keeps a currency and its amount on one line, as one that can be typed. */
const typed = (text: string) => text.replace(/\u00a0/g, " ");

test.each([
  ["https://a.br/x", "https://a.br/x"],
  ["HTTP://a.br", "HTTP://a.br"],
  ["javascript:alert(1)", null],
  [" java\nscript:alert(1)", null],
  ["data:text/html,x", null],
  ["mailto:a@b.br", null],
  ["//a.br", null],
  ["a.br", null],
  ["", null],
  [null, null],
])("of %j a link may go to %j", (text, address) => {
  expect(webAddress(text)).toBe(address);
});

describe("a place", () => {
  const place = {
    kind: "location",
    latitude: -23.5614,
    longitude: -46.65588123456,
    name: null,
    address: null,
    url: null,
  } as const;
  const map = "https://www.openstreetmap.org/?mlat=-23.5614&mlon=-46.655881";

  test("is told in degrees, to a tenth of a metre", () => {
    expect(coordinates(place)).toBe("-23.5614, -46.655881");
    expect(coordinates({ ...place, latitude: -0.00000001, longitude: 180 })).toBe("0, 180");
  });

  test("is shown on a public map", () => {
    expect(mapLink(place)).toBe(`${map}#map=16/-23.5614/-46.655881`);
  });

  test("is shown at the customer's address for it, if that is safe", () => {
    expect(mapLink({ ...place, url: "https://maps.br/1" })).toBe("https://maps.br/1");
    expect(mapLink({ ...place, url: "javascript:alert(1)" })).toContain(map);
  });
});

test.each([
  ["+5511980001200", "+55 11 98000-1200"],
  ["+1 (212) 555-0123", "+1 212 555-0123"],
  ["11 98000-1200", "11 98000-1200"],
  ["+55 ramal 3", "+55 ramal 3"],
])("the number %j of a card is written %j", (number, text) => {
  expect(cardPhone(number)).toBe(text);
});

describe("an order", () => {
  const item = (quantity: number | null, price: number | null, currency: string | null) => ({
    product: "A",
    quantity,
    price,
    currency,
  });

  test("has the sum of its lines", () => {
    expect(lineTotal(item(3, 10.5, "BRL"))).toBe(31.5);
    const items = [item(3, 10.5, "BRL"), item(1, 0.25, "BRL")];
    expect(orderTotal(items)).toEqual({ amount: 31.75, currency: "BRL" });
  });

  test.each([
    ["two currencies", [item(1, 1, "BRL"), item(1, 1, "USD")]],
    ["no currency", [item(1, 1, null), item(1, 1, null)]],
    ["a line without a currency", [item(1, 1, "BRL"), item(1, 1, null)]],
    ["a line without a price", [item(1, 1, "BRL"), item(1, null, "BRL")]],
    ["a line without a quantity", [item(null, 1, "BRL"), item(1, 1, "BRL")]],
    ["no lines", []],
  ])("with %s has no sum", (_, items) => {
    expect(orderTotal(items)).toBeNull();
  });

  test("is priced as the reader writes amounts", () => {
    expect(typed(moneyText(1234.5, "BRL"))).toBe("R$ 1.234,50");
    expect(quantityText(1.5)).toBe("1,5");
    expect(quantityText(null)).toBe("");
    speak("en");
    expect(moneyText(1234.5, "BRL")).toBe("R$1,234.50");
  });

  test("keeps a currency that nobody knows", () => {
    expect(moneyText(2.5, "moedas")).toBe("2,5 moedas");
    expect(moneyText(2.5, "")).toBe("2,5 ");
    expect(moneyText(2.5, null)).toBe("2,5");
  });
});

test("an answer says what it is to", () => {
  expect(answerText("button")).toBe("Resposta de botão");
  expect(answerText("list")).toBe("Resposta da lista");
  expect(answerText("flow")).toBe("Formulário");
});

describe("what WhatsApp does not pass on", () => {
  const said = (what: string | null, code: number | null) =>
    unsupportedText({ kind: "unsupported", what, code });

  test.each(["poll_creation", "pin", "keep_in_chat", "edit", "group_invite"])(
    "has a sentence of its own for %s",
    (what) => {
      const others = ["poll_creation", "pin", "keep_in_chat", "edit", "group_invite", "x"];
      for (const other of others.filter((each) => each !== what))
        expect(said(what, 131051)).not.toBe(said(other, 131051));
    },
  );

  test("is to be sent again where it is only unavailable", () => {
    expect(said(null, 131060)).toContain("envie de novo");
    expect(said("pin", 131060)).toBe(said(null, 131060));
  });

  test("has the general sentence where nothing is known", () => {
    expect(said(null, 131051)).toContain("não repassa este tipo");
    expect(said("constructor", 131051)).toBe(said(null, 131051));
    expect(said("call_permission_reply", null)).toBe("Ainda não é mostrada aqui.");
  });
});

describe("a quote", () => {
  const ana: Author = { kind: "customer", id: "1", name: "Ana", initials: "A" };
  const quoted = { id: "9", author: ana, type: "text", text: "*Oi*, tudo bem?", deleted: false };

  test("has the author and the words without their looks", () => {
    expect(quoteText(quoted)).toEqual({ author: "Ana", text: "Oi, tudo bem?" });
    expect(unmarked("a *b _c_* `d` https://e.br")).toBe("a b c d https://e.br");
  });

  test("names its kind where it has no words", () => {
    expect(quoteText({ ...quoted, type: "image", text: null }).text).toBe("Imagem");
    expect(quoteText({ ...quoted, text: null, deleted: true }).text).toBe("Mensagem apagada");
  });

  test("says so where we do not have the message", () => {
    const nothing = quoteText({
      id: null,
      author: null,
      type: null,
      text: null,
      deleted: false,
    });
    expect(nothing).toEqual({ author: null, text: "Mensagem que não temos aqui" });
  });

  test("leads to where its message is among the rows, days and all", () => {
    const rows = rowsOf([message("1"), message("2", { at: "2026-11-25T12:00:00.000Z" })], []);
    const places = placesOf(rows);
    expect(rows.map((row) => row.kind)).toEqual(["day", "message", "day", "message"]);
    expect([places.get("1"), places.get("2"), places.get("3")]).toEqual([1, 3, undefined]);
  });
});

test("reactions are counted by emoji, in their order, and tell who", () => {
  const by = (kind: Author["kind"], id: string, name: string | null): Author => ({
    kind,
    id,
    name,
    initials: null,
  });
  const reactions = [
    { emoji: "👍", author: by("customer", "7", "Ana") },
    { emoji: "❤️", author: by("agent", "8", "Hugo") },
    { emoji: "👍", author: by("agent", "7", "Marina") },
    { emoji: "👍", author: by("customer", "9", null) },
  ];
  const groups = reactionsBy(reactions, "7");
  expect(groups).toEqual([
    { emoji: "👍", names: ["Ana", "você", "Cliente sem nome"] },
    { emoji: "❤️", names: ["Hugo"] },
  ]);
  expect(reactionsText(groups)).toBe("Reações: 👍 Ana, você, Cliente sem nome; ❤️ Hugo");
  expect(reactionsBy([], "7")).toEqual([]);
});

test("where the customer came from is told, also where the kind is new", () => {
  const from = (kind: string | null) =>
    referralText({ kind, headline: null, body: null, url: null });
  expect(from("ad")).toBe("Veio de um anúncio");
  expect(from("post")).toBe("Veio de uma publicação");
  expect(from("story")).toBe("Veio de um anúncio ou publicação");
  expect(from(null)).toBe(from("story"));
});

describe("a card's preview", () => {
  const last = (part: Partial<NonNullable<TaskView["last_message"]>>) =>
    previewText(
      task("1", {
        last_message: {
          id: "1",
          direction: "in",
          type: "text",
          preview: "",
          deleted: false,
          at: AT,
          ...part,
        },
      }),
    );

  test("is the text, or else the kind in words", () => {
    expect(last({ preview: "Sim", type: "button" })).toBe("Sim");
    for (const type of ["contacts", "order", "interactive", "unsupported", "sticker"])
      expect(last({ type })).toBe(typeText(type));
    expect(typeText("constructor")).toBe(typeText("unsupported"));
  });

  test("bears the mark of its kind", () => {
    expect(last({ type: "image" })).toBe("📷 Imagem");
    expect(last({ type: "image", preview: "Veja" })).toBe("📷 Veja");
    expect(last({ type: "location" })).toBe("📍 Localização");
  });

  test("tells that a message was deleted, whatever it was", () => {
    expect(last({ deleted: true })).toBe("Mensagem apagada");
    expect(last({ type: "image", deleted: true })).toBe("Mensagem apagada");
    expect(bareText("order", true)).toBe("Mensagem apagada");
    expect(last({ direction: "system" })).toBe("");
  });
});
