import { expect, test } from "vitest";
import en from "../messages/en.json";
import es from "../messages/es.json";
import pt from "../messages/pt-BR.json";

type Catalogue = Record<string, unknown>;

const others: Record<string, Catalogue> = { en, es };

const holes = (text: unknown) =>
  [...new Set(JSON.stringify(text).match(/\{[a-z_]+\}/g) ?? [])].sort();

const first: Catalogue = pt;

test.each(["en", "es"])("%s says all that pt-BR says, with the same values in it", (locale) => {
  const other = others[locale] ?? {};
  expect(Object.keys(other).sort()).toEqual(Object.keys(first).sort());
  for (const key of Object.keys(first))
    expect([key, holes(other[key])]).toEqual([key, holes(first[key])]);
});

test("the labels that are kept word for word are", () => {
  const words = [
    ["available", "Disponível"],
    ["rona", "RONA"],
    ["accept", "Aceitar"],
    ["customer_phone", "Número do telefone do cliente"],
    ["source_number", "Número de origem"],
    ["queue_name", "Nome da fila"],
    ["search", "Pesquisar"],
    ["send", "Enviar"],
    ["transfer", "Transferir"],
    ["transfer_title", "Transferir solicitação"],
    ["queue", "Fila"],
    ["agent", "Agente"],
    ["conference", "Conferência"],
    ["conference_title", "Solicitação de conferência"],
    ["conference_requested", "Conferência solicitada"],
    ["end_conference", "Encerrar conferência"],
    ["leave_conference", "Sair da conferência"],
    ["end_task", "Encerrar"],
    ["wrap_up_title", "Motivos de conclusão"],
    ["submit_wrap_up", "Enviar conclusão"],
  ] as const;
  for (const [key, label] of words) expect(first[key]).toBe(label);
});
