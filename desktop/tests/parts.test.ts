import { type ComponentProps, createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, test } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { Content } from "../src/parts/Content";
import { Deleted, Forwarded, Quote, Reactions } from "../src/parts/Marks";
import { ReferralDetails, ReferralLine } from "../src/parts/Referral";
import type { MediaView, MessageView } from "../src/views";
import { AT, media, message } from "./make";

beforeEach(() => overwriteGetLocale(() => "pt-BR"));

const content = (part: Partial<MessageView>) =>
  renderToStaticMarkup(createElement(Content, { message: message("1", part) }));

/** What is read, with the elements gone and the space of amounts as one that can be typed. */
const read = (html: string) =>
  html
    .replace(/<[^>]*>/g, " ")
    .replace(/[\s\u00a0]+/g, " ")
    .trim();

const links = (html: string) => [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);

const EVIL = '<img src=x onerror="alert(1)">';
const card = { name: null, organisation: null, phones: [], emails: [], urls: [] };
const place = { kind: "location", latitude: 1, longitude: 2, address: null, url: null } as const;

describe("a bubble", () => {
  test("shows a place, and where to see it", () => {
    const html = content({
      type: "location",
      text: null,
      content: { ...place, name: "Loja", url: "https://maps.br/1" },
    });
    expect(read(html)).toBe("Loja 1, 2 Abrir no mapa");
    expect(links(html)).toEqual(["https://maps.br/1"]);
    expect(html).toContain('target="_blank" rel="noopener noreferrer nofollow"');
  });

  test("shows every card with all of its addresses, and links to those of the web", () => {
    const urls = ["https://a.br", "javascript:alert(1)"];
    const full = { ...card, name: "Rui", organisation: "Mar", phones: ["+5511980001200"], urls };
    const html = content({
      type: "contacts",
      text: null,
      content: { kind: "cards", cards: [{ ...full, emails: ["r@a.br"] }, card] },
    });
    const lines = "Rui Mar +55 11 98000-1200 r@a.br https://a.br javascript:alert(1) Contato";
    expect(read(html)).toBe(lines);
    expect(links(html)).toEqual(["https://a.br"]);
  });

  test("shows an answer under what it is to, and a form field by field", () => {
    const fields = [{ name: "Nome", value: "Ana" }];
    const answer = { kind: "answer", to: "flow", description: "em casa", fields } as const;
    const html = content({ type: "interactive", text: "Enviado", content: answer });
    expect(read(html)).toBe("Formulário Enviado em casa Nome Ana");
    expect(html).toContain("<dt>Nome</dt><dd>Ana</dd>");
  });

  test("shows an order with its sum, and with the customer's words", () => {
    const items = [
      { product: "A", quantity: 2, price: 1.5, currency: "BRL" },
      { product: "B", quantity: 1, price: 3, currency: "BRL" },
    ];
    const html = content({ type: "order", text: "Logo", content: { kind: "order", items } });
    const lines = "A R$ 3,00 2 × R$ 1,50 B R$ 3,00 1 × R$ 3,00 Total R$ 6,00";
    expect(read(html)).toBe(`Pedido ${lines} Logo`);
  });

  test("says what WhatsApp did not pass on", () => {
    const poll = { kind: "unsupported", what: "poll_creation", code: 131051 } as const;
    const html = content({ type: "unsupported", text: null, content: poll });
    expect(read(html)).toContain("Mensagem não suportada O cliente enviou uma enquete");
  });

  test("holds a place for a file, beside its caption, and for what is not shown yet", () => {
    expect(read(content({ type: "image", text: "a *b*" }))).toBe("Imagem a b");
    const unknown = "Mensagem não suportada Ainda não é mostrada aqui.";
    expect(read(content({ type: "request_welcome", text: null }))).toBe(unknown);
  });

  test("shows a file as what it is, and links to it only once it is here", () => {
    const shown = (part: Partial<MediaView>) =>
      content({ type: part.kind ?? "image", text: null, media: media(part) });
    expect(shown({})).toContain('src="/api/media/5"');
    expect(shown({ kind: "video", mime_type: "video/mp4" })).toContain("<video");
    expect(read(shown({ kind: "audio", mime_type: "audio/ogg" }))).toContain("00:00");
    const pdf = shown({ kind: "document", name: "a.pdf", mime_type: "application/pdf" });
    expect(read(pdf)).toBe("a.pdf PDF · 2 kB");
    expect(links(pdf)).toEqual(["/api/media/5?download"]);
    // What a browser cannot show as a picture, and what could run in it, is only downloaded.
    const heic = shown({ mime_type: "image/heic" });
    expect(heic).not.toContain("<img");
    expect(shown({ mime_type: "image/svg+xml" })).not.toContain("<img");
  });

  test("tells of a file that is not here, and offers another try where that may help", () => {
    const shown = (part: Partial<MediaView>) =>
      content({ type: "image", text: "Veja", media: media(part) });
    expect(read(shown({ state: "waiting" }))).toBe("Imagem Baixando… Veja");
    const error = (action: string | null) =>
      shown({ state: "failed", error: { code: "media-gone", params: {}, action } });
    expect(read(error("retry"))).toContain("O WhatsApp não tem mais este arquivo.");
    expect(read(error("retry"))).toContain("Tentar de novo");
    expect(read(error(null))).not.toContain("Tentar de novo");
    expect(error("retry")).not.toContain("/api/media");
  });

  test("shows what the customer may choose from, under its headings", () => {
    const option = (title: string, section: string | null) => ({
      id: title,
      title,
      description: null,
      section,
    });
    const options = [option("Boleto", "Financeiro"), option("Troca", "Pedidos")];
    const menu = { kind: "menu", button: "Ver opções", options } as const;
    const html = content({ type: "list", text: "Escolha", content: menu });
    expect(read(html)).toBe("Escolha Ver opções Financeiro Boleto Pedidos Troca");
  });

  test.each<[string, Partial<MessageView>]>([
    ["file", { type: "document", text: EVIL, media: media({ kind: "document", name: EVIL }) }],
    ["text", { text: EVIL }],
    ["place", { content: { ...place, name: EVIL, address: EVIL, url: EVIL } }],
    ["card", { content: { kind: "cards", cards: [{ ...card, name: EVIL, urls: [EVIL] }] } }],
    [
      "form",
      {
        content: {
          kind: "answer",
          to: "flow",
          description: EVIL,
          fields: [{ name: EVIL, value: EVIL }],
        },
      },
    ],
    [
      "order",
      {
        content: {
          kind: "order",
          items: [{ product: EVIL, quantity: 1, price: 1, currency: EVIL }],
        },
      },
    ],
  ])("makes no HTML of what stands in a %s", (_, part) => {
    const html = content(part);
    expect(html).toContain("&lt;img");
    expect(html).not.toContain("<img");
  });
});

describe("what stands around the words", () => {
  const quoted = { id: "9", author: message("9").author, type: "text", text: "Oi", deleted: false };
  const quote = (props: ComponentProps<typeof Quote>) =>
    renderToStaticMarkup(createElement(Quote, props));

  test("is a quote, which can be pressed where its message is loaded", () => {
    const pressed = quote({ quoted, onOpen: () => {} });
    expect(pressed).toMatch(/^<button/);
    expect(read(pressed)).toBe("Em resposta a Ana : Oi");
    const flat = quote({ quoted, onOpen: null });
    expect(flat).not.toContain("<button");
    expect(read(flat)).toBe("Em resposta a Ana : Oi");
  });

  test("is that a message was passed on, or deleted by the customer and by no one else", () => {
    const forwarded = (how: "once" | "often") =>
      read(renderToStaticMarkup(createElement(Forwarded, { how })));
    expect([forwarded("once"), forwarded("often")]).toEqual([
      "Encaminhada",
      "Encaminhada com frequência",
    ]);
    const deleted = (direction: "in" | "out") => {
      const gone = message("1", { direction, text: null, deleted_at: AT });
      return read(renderToStaticMarkup(createElement(Deleted, { message: gone })));
    };
    expect(deleted("in")).toBe("Mensagem apagada pelo cliente");
    expect(deleted("out")).toBe("Mensagem apagada");
  });

  test("is every reaction once, with a name that tells who reacted", () => {
    const author = message("1").author;
    const reactions = ["👍", "👍", "❤️"].map((emoji) => ({ emoji, author }));
    const html = renderToStaticMarkup(createElement(Reactions, { reactions, me: "7" }));
    expect(read(html)).toBe("👍 2 ❤️");
    expect(html).toContain('role="img" aria-label="Reações: 👍 Ana, Ana; ❤️ Ana"');
  });
});

test.each([ReferralLine, ReferralDetails])("an advertisement is linked if that is safe", (Part) => {
  const drawn = (url: string) => {
    const referral = { kind: "ad", headline: "Café", body: "Hoje", url };
    return renderToStaticMarkup(createElement(Part, { referral }));
  };
  expect(read(drawn("https://a.br")).replace(/[ :·]+/g, " ")).toBe("Veio de um anúncio Café Hoje");
  expect(links(drawn("https://a.br"))).toEqual(["https://a.br"]);
  expect(links(drawn("javascript:alert(1)"))).toEqual([]);
});
