/** Text and addresses that somebody else wrote, as elements and never as HTML. */
import { Fragment, type ReactNode } from "react";
import { webAddress } from "../text/link";
import { type Node, parse } from "../text/whatsapp";

/** WhatsApp's formatting as elements. */
export function Formatted({ text }: { text: string }) {
  return <p>{parse(text).map(drawn)}</p>;
}

function drawn(node: Node, index: number): ReactNode {
  const key = index;
  if (node.kind === "text") return <Fragment key={key}>{node.text}</Fragment>;
  if (node.kind === "mono") return <code key={key}>{node.text}</code>;
  if (node.kind === "link") {
    return (
      <Outside key={key} href={node.href}>
        {node.text}
      </Outside>
    );
  }
  const children = node.children.map(drawn);
  if (node.kind === "bold") return <strong key={key}>{children}</strong>;
  if (node.kind === "italic") return <em key={key}>{children}</em>;
  return <s key={key}>{children}</s>;
}

/** A link to another site, which learns nothing of ours. */
export function Outside({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Text that links to an address if that is one of the web's. */
export function MaybeLink({ to, children }: { to: string | null; children: ReactNode }) {
  const href = webAddress(to);
  return href === null ? children : <Outside href={href}>{children}</Outside>;
}
