/**
 * The control panel of a conference, a row of its own under the thread's header: who is still being
 * asked, who takes part, and for the owner what can be done with each.
 */
import { ChevronDown, UserPlus, Users } from "lucide-react";
import { Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { cancelInvitation, handOver, removeGuest } from "../handing";
import { guestsOf, isConnected } from "../look";
import { m } from "../paraglide/messages.js";
import { announce } from "../ui";
import type { Guest, TaskView } from "../views";
import { openerOf } from "./Handing";
import { Timer } from "./small";

type Doing = "hand-over" | "remove";

interface Question {
  doing: Doing;
  guest: Guest;
}

/** Says who has joined since this conversation was opened. */
function useJoining(joined: readonly Guest[], me: string): void {
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = new Set(joined.map((guest) => guest.id));
    if (before === null) return;
    for (const guest of joined) {
      const fresh = !before.has(guest.id) && guest.agent_id !== me;
      if (fresh) announce(m.guest_arrived({ name: nameOf(guest) }));
    }
  }, [joined, me]);
}

const nameOf = (guest: Guest) => guest.name ?? guest.to.name;

export function Conference({ task, me, inert }: { task: TaskView; me: string; inert: boolean }) {
  const { joined, asked } = guestsOf(task);
  const [question, setQuestion] = useState<Question | null>(null);
  useJoining(joined, me);
  if (joined.length === 0 && asked.length === 0) return null;
  const owns = isConnected(task, "primary");
  const open = question !== null && joined.some((guest) => guest.id === question.guest.id);
  return (
    <section className="conference" aria-label={m.conference()} inert={inert}>
      {joined.length > 0 && (
        <div className="conference-row joined">
          <Users size={16} aria-hidden="true" />
          <p>
            {m.conference()} –{" "}
            <People task={task} joined={joined} me={me} onAsk={owns ? setQuestion : null} />
          </p>
        </div>
      )}
      {open && owns && (
        <Confirm task={task} question={question} onClose={() => setQuestion(null)} />
      )}
      {asked.map((guest) => (
        <Invitation key={guest.id} task={task} guest={guest} owns={owns} />
      ))}
    </section>
  );
}

interface PeopleProps {
  task: TaskView;
  joined: readonly Guest[];
  me: string;
  /** Asks what is to happen with a guest; nobody but the owner may. */
  onAsk: ((question: Question) => void) | null;
}

function People({ task, joined, me, onAsk }: PeopleProps) {
  const { owner } = task;
  const people: [string, ReactNode][] = [];
  if (onAsk) people.push(["me", m.you()]);
  else if (owner) people.push(["owner", m.person_owner({ name: owner.name })]);
  for (const guest of joined) {
    if (guest.agent_id === me) people.push([guest.id, m.you()]);
    else if (onAsk) people.push([guest.id, <GuestMenu key="menu" guest={guest} onAsk={onAsk} />]);
    else people.push([guest.id, nameOf(guest)]);
  }
  return people.map(([key, person], index) => (
    <Fragment key={key}>
      {index > 0 && ", "}
      {person}
    </Fragment>
  ));
}

function GuestMenu({ guest, onAsk }: { guest: Guest; onAsk: (question: Question) => void }) {
  const name = nameOf(guest);
  return (
    <MenuTrigger>
      <Button id={`guest-${guest.id}`} className="guest" aria-label={m.guest_options({ name })}>
        {name}
        <ChevronDown size={14} aria-hidden="true" />
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu
          className="menu"
          aria-label={m.guest_options({ name })}
          onAction={(key) => onAsk({ doing: key as Doing, guest })}
        >
          <MenuItem id="hand-over" className="menu-item">
            {m.hand_over()}
          </MenuItem>
          <MenuItem id="remove" className="menu-item">
            {m.remove_guest()}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** What had the focus may go with the answer; then it goes to where one would invite again. */
function keepFocus(): void {
  requestAnimationFrame(() => {
    const lost = document.activeElement === document.body;
    if (lost) document.getElementById(openerOf("conference"))?.focus();
  });
}

interface ConfirmProps {
  task: TaskView;
  question: Question;
  onClose: () => void;
}

/** Asks once more before the part of somebody changes. */
function Confirm({ task, question, onClose }: ConfirmProps) {
  const { doing, guest } = question;
  const name = nameOf(guest);
  const handing = doing === "hand-over";
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    yes.current?.focus();
    return () => document.getElementById(`guest-${guest.id}`)?.focus();
  }, [guest.id]);
  const go = () => {
    onClose();
    void (handing ? handOver : removeGuest)(task, guest.agent_id ?? "").then(keepFocus);
  };
  const label = handing ? m.hand_over() : m.remove_guest();
  return (
    <div
      className="conference-row question"
      role="alertdialog"
      aria-label={label}
      aria-describedby="conference-question"
      tabIndex={-1}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <p id="conference-question">
        {handing ? m.confirm_hand_over({ name }) : m.confirm_remove({ name })}
      </p>
      <Button ref={yes} className="button small primary" onPress={go}>
        {label}
      </Button>
      <Button className="button small" onPress={onClose}>
        {m.cancel()}
      </Button>
    </div>
  );
}

interface InvitationProps {
  task: TaskView;
  guest: Guest;
  owns: boolean;
}

/** One invitation that nobody has accepted yet. */
function Invitation({ task, guest, owns }: InvitationProps) {
  const busy = useRef(false);
  const text = `invitation-${guest.id}`;
  const cancel = async () => {
    if (busy.current) return;
    busy.current = true;
    await cancelInvitation(task, guest.id);
    busy.current = false;
    keepFocus();
  };
  const rings = guest.to.kind === "queue" && guest.state === "offered" && guest.name !== null;
  return (
    <div className="conference-row asked">
      <UserPlus size={16} aria-hidden="true" />
      <p id={text}>
        {m.conference_requested()} – {guest.to.name} <Timer since={guest.since} />
        {rings && ` · ${m.ringing_at({ name: nameOf(guest) })}`}
      </p>
      {owns && (
        <Button className="button small" aria-describedby={text} onPress={() => void cancel()}>
          {m.cancel()}
        </Button>
      )}
    </div>
  );
}
