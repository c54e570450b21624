import { describe, expect, test } from "vitest";
import { codePoints, split } from "../src/text/count";
import { formatPhone } from "../src/text/phone";
import { contains } from "../src/text/search";
import { type Node, parse } from "../src/text/whatsapp";

/** The nodes as a short text: `b(…)` for bold and so on. */
const short = (nodes: Node[]): string =>
  nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "mono") return `m(${node.text})`;
      if (node.kind === "link") return `l(${node.href})`;
      return `${node.kind[0]}(${short(node.children)})`;
    })
    .join("");

describe("WhatsApp's formatting", () => {
  test.each([
    ["plain", "plain"],
    ["*bold* _it_ ~no~", "b(bold) i(it) s(no)"],
    ["*bold _and_ so*", "b(bold i(and) so)"],
    ["2*3*4 and a_b_c", "2*3*4 and a_b_c"],
    ["* not * this", "* not * this"],
    ["*not\nover lines*", "*not\nover lines*"],
    ["```a *b*\nc```", "m(a *b*\nc)"],
    ["`code`", "m(code)"],
    ["(*ação*)!", "(b(ação))!"],
    ["<b>&amp;</b>", "<b>&amp;</b>"],
  ])("%j is drawn as %j", (text, drawn) => {
    expect(short(parse(text))).toBe(drawn);
  });

  test.each([
    ["see https://a.br/x?y=1.", "see l(https://a.br/x?y=1)."],
    ["(http://a.br)", "(l(http://a.br))"],
    ["mailto:a@b.br", "l(mailto:a@b.br)"],
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["data:text/html,x", "data:text/html,x"],
    ["https://", "https://"],
  ])("an address in %j is a link only if it is safe", (text, drawn) => {
    expect(short(parse(text))).toBe(drawn);
  });
});

describe("counting", () => {
  test("counts code points, as the server does", () => {
    expect(codePoints("ação")).toBe(4);
    expect(codePoints("👍🏽")).toBe(2);
  });

  test("cuts at the limit and never inside a character", () => {
    expect(split("ab👍c", 3)).toEqual({ within: "ab👍", over: "c" });
  });
});

test.each([
  ["+5511980001200", "+55 11 98000-1200"],
  ["+551140001000", "+55 11 4000-1000"],
  ["+12125550123", "+1 212 555-0123"],
  ["+34600123456", "+34 600 123 456"],
  ["+351912345678", "+351 912 345 678"],
])("%s is read as %s", (number, text) => {
  expect(formatPhone(number)).toBe(text);
});

test("searching ignores accents and case, and looks everywhere", () => {
  expect(contains("Troca ou devolução", "DEVOLUCAO")).toBe(true);
  expect(contains("Dúvida de pagamento", " duvida ")).toBe(true);
  expect(contains("Engano / spam", "resolvido")).toBe(false);
});
