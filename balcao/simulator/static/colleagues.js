// The switch for scripted colleagues, and how it stands with each of them.

import { element } from "./element.js";
import { word } from "./words.js";

const AWAY = ["off", "leaving"];
const byId = (id) => document.getElementById(id);
let colleagues = [];

/** Shows the colleagues as they are now; without any there is no switch. */
export function takeColleagues(now) {
  colleagues = now;
  byId("crew").hidden = now.length === 0;
  byId("crewOn").checked = now.some((one) => !AWAY.includes(one.state));
  const list = byId("crewStates");
  while (list.children.length > now.length) list.lastElementChild.remove();
  while (list.children.length < now.length) list.append(row());
  retellColleagues();
}

/** Says again how it stands with everybody; what is the same is left alone, and not announced. */
export function retellColleagues() {
  for (const [index, one] of colleagues.entries()) {
    const [dot, text] = byId("crewStates").children[index].children;
    dot.className = `dot ${one.state}`;
    const words = `${one.name}: ${word(`colleague_${one.state}`)}`;
    if (text.textContent !== words) text.textContent = words;
  }
}

/** Lets the switch speak to the simulator by `call(method, path, body)`. */
export function setUpColleagues(call) {
  byId("crewOn").addEventListener("change", async (event) => {
    const now = await call("PUT", "/sim/colleagues", { on: event.target.checked });
    takeColleagues(now ?? colleagues);
  });
}

function row() {
  return element("li", {}, element("span", { "aria-hidden": "true" }), element("span"));
}
