import { beforeEach, describe, expect, test } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { noticeText } from "../src/text/notices";
import { codeText, problemText } from "../src/text/problems";
import { lineNote, lineText, stepWords } from "../src/text/steps";
import { originText } from "../src/text/words";
import type { NoticeView, Params, Step } from "../src/views";
import { AT, task } from "./make";

const LOCALES = ["pt-BR", "en", "es"] as const;
const speak = (locale: (typeof LOCALES)[number]) => overwriteGetLocale(() => locale);

beforeEach(() => speak("pt-BR"));

const line = (code: string, params: Params = {}) => lineText({ code, params });

describe("a line of the thread", () => {
  const ana = { agent: "Ana" };
  test.each<[string, Params, string]>([
    ["queued", { queue: "Suporte N1" }, "Na fila Suporte N1"],
    ["accepted", ana, "Ana aceitou a conversa"],
    ["joined", { agent: "Diego Dias" }, "Diego Dias entrou na conversa"],
    ["transferred", { ...ana, to_queue: "Vendas" }, "Ana transferiu a conversa para a fila Vendas"],
    ["transferred", { ...ana, to_agent: "Hugo" }, "Ana transferiu a conversa para Hugo"],
    ["left", ana, "Ana saiu da conversa"],
    ["removed", { ...ana, by: "Hugo" }, "Hugo retirou Ana da conferência"],
    ["handed-over", { ...ana, to_agent: "Hugo" }, "Ana passou a conversa para Hugo"],
    [
      "abandoned",
      { ...ana, source: "transfer", policy: "requeue" },
      "Ana não aceitou a transferência; a conversa voltou para a fila",
    ],
    [
      "abandoned",
      { ...ana, source: "transfer", policy: "end" },
      "Ana não aceitou a transferência; a conversa foi encerrada",
    ],
    ["lost", ana, "A conexão de Ana foi perdida; a conversa voltou para a fila"],
    [
      "lost",
      { ...ana, to_agent: "Hugo" },
      "A conexão de Ana foi perdida; a conversa passou para Hugo",
    ],
    ["ended", ana, "Ana encerrou a conversa"],
    ["ended", {}, "Conversa encerrada"],
    ["something-new", ana, "Houve uma mudança na conversa"],
  ])("%s %j", (code, params, text) => {
    expect(line(code, params)).toBe(text);
  });

  test("has the note for the receiver, where there is one", () => {
    expect(lineNote({ code: "transferred", params: { note: "VIP" } })).toBe("VIP");
    expect(lineNote({ code: "transferred", params: {} })).toBe(null);
    expect(lineNote({ code: "ended", params: { note: "VIP" } })).toBe(null);
    expect(lineNote(null)).toBe(null);
  });
});

const step = (code: string, params: Params, part: Partial<Step> = {}): Step => ({
  at: AT,
  code,
  params,
  by: { kind: "system", id: null, name: null },
  reason: null,
  ...part,
});
const ana = { kind: "agent", id: "7", name: "Ana" } as const;
const mine = { agent_id: "7", agent: "Ana" };

describe("a step of the timeline", () => {
  test("says who took it only where its sentence does not", () => {
    expect(stepWords(step("accepted", mine, { by: ana })).who).toBe(null);
    expect(stepWords(step("removed", { agent: "Bo", by: "Ana" }, { by: ana })).who).toBe(null);
    expect(stepWords(step("ended", {}, { by: ana })).who).toBe("por Ana");
    expect(stepWords(step("rona", mine)).who).toBe("pelo sistema");
    const customer = { kind: "customer", id: null, name: null } as const;
    expect(stepWords(step("queued", { queue: "Vendas" }, { by: customer }))).toEqual({
      text: "Na fila Vendas",
      who: "pelo cliente",
      why: null,
      note: null,
    });
  });

  test("says why, and what was written for the receiver", () => {
    const withdrawn = step("withdrawn", { ...mine, reason: "connection-lost" });
    expect(stepWords(withdrawn).why).toBe("conexão perdida");
    expect(stepWords(step("ended", {}, { reason: "pedido do cliente" })).why).toBe(
      "pedido do cliente",
    );
    const given = step("transferred", { ...mine, to_agent: "Hugo", note: "VIP" }, { by: ana });
    expect(stepWords(given)).toEqual({
      text: "Ana transferiu a conversa para Hugo",
      who: null,
      why: null,
      note: "VIP",
    });
  });

  test.each<[string, Params, string]>([
    ["offered", mine, "Tocou para Ana"],
    ["offered", { ...mine, role: "guest" }, "O convite tocou para Ana"],
    ["accepted", { ...mine, waited_s: 75 }, "Ana aceitou a conversa depois de 01:15 de espera"],
    ["accepted", { ...mine, waited_s: 0 }, "Ana aceitou a conversa"],
    ["prolonged", mine, "Ana recebeu mais tempo"],
    ["invited", { ...mine, to_agent: "Hugo" }, "Ana convidou Hugo para a conferência"],
    ["invited", { ...mine, to_queue: "Vendas" }, "Ana convidou a fila Vendas para a conferência"],
    ["cancelled", mine, "Ana cancelou a solicitação de conferência"],
    ["expired", { to_queue: "Vendas" }, "O convite à fila Vendas chegou ao tempo máximo"],
    ["abandoned", { ...mine, source: "conference" }, "Ana não aceitou o convite de conferência"],
    ["lost", { ...mine, role: "guest" }, "A conexão de Ana foi perdida; a conversa continua"],
    ["wrapped-up", { ...mine, aux_code: "Spam" }, "Conclusão automática de Ana: Spam"],
    ["held", mine, "Ana parou a contagem da conclusão"],
  ])("%s %j", (code, params, text) => {
    expect(stepWords(step(code, params)).text).toBe(text);
  });

  test("tells a wrap-up by the agent from one by the system", () => {
    const own = step("wrapped-up", { ...mine, aux_code: "Spam" }, { by: ana });
    expect(stepWords(own)).toMatchObject({ text: "Ana concluiu: Spam", who: null });
  });
});

const notice = (code: string, params: Params): NoticeView => ({
  kind: "notice",
  id: "1",
  version: 1,
  code,
  params,
  task_id: "1",
  message_id: null,
  at: AT,
});

describe("a notice", () => {
  const both = { agent: "Diego", customer: "Rita" };
  test.each<[string, Params, string]>([
    [
      "transfer-unanswered",
      { ...both, policy: "requeue" },
      "Diego não aceitou a transferência de Rita. O cliente voltou para a fila.",
    ],
    [
      "transfer-unanswered",
      { ...both, policy: "end" },
      "Diego não aceitou a transferência de Rita. A conversa foi encerrada.",
    ],
    [
      "transfer-withdrawn",
      { ...both, reason: "rona" },
      "A transferência de Rita para Diego foi retirada (não atendeu outra solicitação). " +
        "O cliente voltou para a fila.",
    ],
    ["conference-unanswered", both, "Diego não aceitou o convite para a conversa com Rita."],
    [
      "conference-withdrawn",
      { ...both, reason: "signed-out" },
      "O convite a Diego para a conversa com Rita foi retirado (saiu da mesa).",
    ],
    [
      "conference-expired",
      { customer: "Rita", to_queue: "Vendas" },
      "Ninguém da fila Vendas aceitou o convite para a conversa com Rita.",
    ],
    [
      "task-lost",
      { customer: "Rita", role: "primary" },
      "Sua conexão caiu por tempo demais: a conversa com Rita voltou para a fila.",
    ],
    [
      "task-lost",
      { customer: "Rita", role: "primary", to_agent: "Hugo" },
      "Sua conexão caiu por tempo demais: a conversa com Rita passou para Hugo.",
    ],
    [
      "task-lost",
      { customer: "Rita", role: "guest" },
      "Sua conexão caiu por tempo demais: você não está mais na conferência com Rita.",
    ],
    [
      "message-failed",
      { customer: null, error: "too-late" },
      "Uma mensagem para Cliente sem nome não foi entregue: A mensagem esperou demais para sair.",
    ],
    ["something-new", {}, "Há um aviso sobre uma conversa."],
  ])("%s %j", (code, params, text) => {
    expect(noticeText(notice(code, params))).toBe(text);
  });
});

const REFUSALS = (
  "not-connected not-primary has-guests has-leg target-unavailable queue-closed no-invitation " +
  "no-guest guest-away not-guest no-hold not-in-wrap-up offer-over unknown-target choose-one " +
  "unknown-code"
).split(" ");

test.each(LOCALES)("every refusal is a sentence in %s", (locale) => {
  speak(locale);
  for (const code of REFUSALS) expect(codeText(code)).not.toContain(code);
  const full = problemText({ status: 409, code: "guests-full", max: 3 });
  expect(full).toContain("3");
  expect(full).not.toContain("guests-full");
});

test("a request says whose transfer or invitation it is", () => {
  const { leg } = task("1");
  if (!leg) throw new Error("no leg");
  const by = { id: "8", name: "Diego" };
  const from = (kind: "queue" | "transfer" | "conference") =>
    originText(task("1", { leg: { ...leg, from: { kind, by, note: null } } }));
  expect(from("transfer")).toBe("Transferida por Diego");
  expect(from("conference")).toBe("Convite de conferência de Diego");
  expect(from("queue")).toBe(null);
  expect(originText(task("1"))).toBe(null);
});
