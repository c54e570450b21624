// Makes elements; whatever is put inside as text is shown as text.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element; attributes that are undefined are left out. */
export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

/** Makes a button that says `text` and does `act`. */
export function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** Draws a path of lines in a square of `box` units. */
export function icon(path, box) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${box} ${box}`);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Names an element for those who see it and for those who do not. */
export function name(made, text) {
  made.setAttribute("aria-label", text);
  made.title = text;
}
