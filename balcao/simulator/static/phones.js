// The page: phones, faults and webhooks, kept live by one event stream.

import { retellColleagues, setUpColleagues, takeColleagues } from "./colleagues.js";
import { element } from "./element.js";
import { Phone } from "./phone.js";
import { choose, clock, opening, word } from "./words.js";

const MOST_PHONES = 200;
const MOST_LOGGED = 20;
const NO_FAULTS = { duplicate: 0, reorder: 0, batch: 1, delay_ms: 0, outage: false, malformed: 0 };
const NETWORKS = {
  normal: {},
  late: { delay_ms: 2000 },
  twice: { duplicate: 1 },
  mixed: { reorder: 0.5 },
  batch: { batch: 50 },
  bad: { malformed: 1 },
  outage: { outage: true },
};
const GRAPH = ["ok", "slow", "timeout", "500", "429", "reset_after_accept", "html"];
const MEDIA = ["ok", "404", "slow", "truncated", "wrong_hash"];
const phones = new Map();
const byId = (id) => document.getElementById(id);
let numbers = [];
let faults = {};
let webhooks = [];

async function call(method, path, body) {
  try {
    const isFile = body instanceof Blob;
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": isFile ? "application/octet-stream" : "application/json" },
      body: isFile ? body : JSON.stringify(body),
    });
    const given = await answer.json();
    if (!answer.ok) throw new Error(given.detail ?? answer.statusText);
    byId("trouble").hidden = true;
    return given;
  } catch (problem) {
    byId("trouble").textContent = word("failed", { what: problem.message });
    byId("trouble").hidden = false;
    return null;
  }
}

const write = (id, body) => call("POST", `/sim/customers/${encodeURIComponent(id)}/messages`, body);

const upload = (file) => call("POST", "/sim/media", file);

async function openPhones(many) {
  const greets = byId("greet").checked;
  for (let made = 0; made < many; made += 1) {
    const customer = await call("POST", "/sim/customers", {});
    if (!customer) return;
    const phone = phoneOf(customer);
    if (made === 0) phone?.focus();
    const number = numbers[made % numbers.length]?.display_number;
    if (greets) await write(customer.id, { entry_point: number, type: "text", text: opening() });
  }
}

function phoneOf(customer) {
  let phone = phones.get(customer.id);
  if (!phone && phones.size < MOST_PHONES) {
    phone = new Phone(customer, numbers, write, upload);
    phones.set(customer.id, phone);
    byId("phones").append(phone.root);
  }
  byId("nobody").hidden = phones.size > 0;
  return phone;
}

function takeSnapshot(snapshot) {
  numbers = snapshot.entry_points;
  for (const button of document.querySelectorAll("[data-open]")) button.disabled = false;
  const here = new Set(snapshot.customers.map((customer) => customer.id));
  for (const [id, phone] of phones) {
    if (!here.has(id)) {
      phone.root.remove();
      phones.delete(id);
    }
  }
  for (const customer of snapshot.customers) phoneOf(customer)?.reset(customer, customer.messages);
  byId("nobody").hidden = phones.size > 0;
  byId("line").textContent = "";
  webhooks = [...snapshot.webhooks].reverse();
  showLog();
  takeFaults(snapshot.faults);
  takeColleagues(snapshot.colleagues);
}

function takeFaults(now) {
  faults = now;
  byId("graph").value = now.graph;
  byId("media").value = now.media;
  byId("receipts").value = now.receipts;
  const fits = (own) =>
    Object.entries({ ...NO_FAULTS, ...own }).every(([key, value]) => now[key] === value);
  byId("webhooks").value = Object.keys(NETWORKS).find((name) => fits(NETWORKS[name])) ?? "own";
}

async function putFaults(change) {
  const now = await call("PUT", "/sim/faults", { ...faults, ...change });
  takeFaults(now ?? faults);
}

function takeWebhook(entry) {
  webhooks = [entry, ...webhooks].slice(0, MOST_LOGGED);
  byId("quiet").hidden = true;
  byId("log").prepend(logged(entry));
  while (byId("log").children.length > MOST_LOGGED) byId("log").lastElementChild.remove();
}

function showLog() {
  byId("log").replaceChildren(...webhooks.map(logged));
  byId("quiet").hidden = webhooks.length > 0;
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function logged(entry) {
  const parts = [clock(entry.at), word("items", { n: entry.items })];
  if (entry.attempt > 1) parts.push(word("attempt", { n: entry.attempt }));
  const good = entry.status === 200;
  const status = element("span", { class: good ? "good" : "bad" });
  status.textContent = String(entry.status ?? word("noAnswer"));
  const summary = element("summary", {}, status, ` ${parts.join(" · ")}`);
  const body = element("pre", { tabindex: "0" });
  const copy = element("button", { type: "button" }, word("copy"));
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(body.textContent);
    copy.textContent = word("copied");
  });
  const details = element("details", {}, summary, copy, body);
  details.addEventListener("toggle", () => {
    body.textContent = pretty(entry.body);
  });
  return element("li", {}, details);
}

function options(select, names, prefix) {
  const chosen = select.value;
  select.replaceChildren(
    ...names.map((name) => element("option", { value: name }, word(`${prefix}_${name}`))),
  );
  if (chosen) select.value = chosen;
}

function retell() {
  document.documentElement.lang = byId("language").value;
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) {
    one.textContent = word(one.dataset.word);
  }
  options(byId("graph"), GRAPH, "graph");
  options(byId("webhooks"), [...Object.keys(NETWORKS), "own"], "webhooks");
  byId("webhooks").lastElementChild.disabled = true;
  options(byId("media"), MEDIA, "media");
  options(byId("receipts"), ["on", "off"], "receipts");
  for (const phone of phones.values()) phone.retell();
  retellColleagues();
  showLog();
}

function setUp() {
  byId("language").value = choose(localStorage.getItem("language") ?? navigator.language);
  byId("language").addEventListener("change", (event) => {
    localStorage.setItem("language", choose(event.target.value));
    retell();
  });
  byId("theme").value = localStorage.getItem("theme") ?? "system";
  const paint = () => {
    document.documentElement.dataset.theme = byId("theme").value;
  };
  byId("theme").addEventListener("change", () => {
    localStorage.setItem("theme", byId("theme").value);
    paint();
  });
  paint();
  byId("graph").addEventListener("change", (event) => putFaults({ graph: event.target.value }));
  byId("media").addEventListener("change", (event) => putFaults({ media: event.target.value }));
  byId("receipts").addEventListener("change", (event) =>
    putFaults({ receipts: event.target.value }),
  );
  byId("webhooks").addEventListener("change", (event) =>
    putFaults({ ...NO_FAULTS, ...NETWORKS[event.target.value] }),
  );
  for (const button of document.querySelectorAll("[data-open]")) {
    button.addEventListener("click", () => openPhones(Number(button.dataset.open)));
  }
  setUpColleagues(call);
  retell();
}

function listen() {
  const stream = new EventSource("/sim/events");
  const on = (kind, take) =>
    stream.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  on("snapshot", takeSnapshot);
  on("customer", (customer) => {
    const phone = phoneOf(customer);
    if (phone) {
      phone.customer = customer;
      phone.retell();
    }
  });
  on("message", (change) => phones.get(change.customer_id)?.take(change.message));
  on("typing", (change) =>
    phones.get(change.customer_id)?.showTyping(change.entry_point, change.seconds),
  );
  on("faults", takeFaults);
  on("colleagues", (change) => takeColleagues(change.colleagues));
  on("webhook", takeWebhook);
  stream.addEventListener("error", () => {
    byId("line").textContent = word("offline");
  });
}

setUp();
listen();
