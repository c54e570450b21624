/**
 * WhatsApp's formatting as a tree of nodes. Nothing here ever makes HTML: the parts are drawn as
 * elements, so what a customer writes can only ever be text, an emphasis or a link.
 */
import { isAddress } from "./link";

export type Node =
  | { kind: "text"; text: string }
  | { kind: "mono"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "bold" | "italic" | "strike"; children: Node[] };

// A marker counts at the edge of a word only, so that `2*3*4` and snake_case_names stay.
const WORD = "\\p{L}\\p{N}";
const marked = (mark: string) =>
  `(?<![${WORD}${mark}])${mark}(?![\\s${mark}])([^\\n]*?[^\\s${mark}])${mark}(?![${WORD}${mark}])`;

const PATTERN = new RegExp(
  [
    "```([\\s\\S]+?)```",
    "`([^`\\n]+)`",
    "((?:https?:\\/\\/|mailto:)[^\\s<>\"'`]+)",
    marked("\\*"),
    marked("_"),
    marked("~"),
  ].join("|"),
  "u",
);

const EMPHASES = ["bold", "italic", "strike"] as const;

/** The nodes of one message's text. */
export function parse(text: string): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  for (let found = matchFrom(text, at); found !== null; found = matchFrom(text, at)) {
    if (found.index > at) nodes.push({ kind: "text", text: text.slice(at, found.index) });
    nodes.push(found.node);
    at = found.index + found.length;
  }
  if (at < text.length) nodes.push({ kind: "text", text: text.slice(at) });
  return nodes;
}

interface Found {
  index: number;
  length: number;
  node: Node;
}

function matchFrom(text: string, from: number): Found | null {
  const pattern = new RegExp(PATTERN.source, "gu");
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  if (match === null) return null;
  const [whole, block, inline, link] = match;
  const found = (length: number, node: Node) => ({ index: match.index, length, node });
  const mono = block ?? inline;
  if (mono !== undefined) return found(whole.length, { kind: "mono", text: mono });
  if (link !== undefined) {
    const href = withoutTail(link);
    return found(href.length, linkNode(href));
  }
  const which = EMPHASES.findIndex((_, index) => match[4 + index] !== undefined);
  const kind = EMPHASES[which] ?? "bold";
  return found(whole.length, { kind, children: parse(match[4 + which] ?? "") });
}

/** A full stop or a bracket after an address belongs to the sentence. */
function withoutTail(link: string): string {
  return link.replace(/[.,;:!?)\]}*_~]+$/u, "");
}

/** Only http, https and mailto become links; the rest stays text. */
function linkNode(text: string): Node {
  const safe = isAddress(text, ["http:", "https:", "mailto:"]);
  return safe ? { kind: "link", text, href: text } : { kind: "text", text };
}

/** The words alone, for where there is no room for their looks. */
export function unmarked(text: string): string {
  const words = (nodes: Node[]): string =>
    nodes.map((node) => ("children" in node ? words(node.children) : node.text)).join("");
  return words(parse(text));
}
