/** Who the customer is, and what can be done with the conversation as a whole. */
import {
  ArrowLeft,
  ArrowLeftRight,
  CircleCheckBig,
  LogOut,
  type LucideIcon,
  PanelRight,
  UserPlus,
} from "lucide-react";
import { Button, Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { end } from "../actions";
import { leave, openHanding } from "../handing";
import { type Command, KEYS, keyText } from "../keys";
import { guestsOf, isConnected } from "../look";
import { m } from "../paraglide/messages.js";
import { settings } from "../settings";
import { codeText } from "../text/problems";
import { customerName, customerPhone } from "../text/words";
import { ui } from "../ui";
import type { Layout } from "../use";
import type { TaskView } from "../views";
import { openerOf } from "./Handing";
import { Avatar, Timer } from "./small";

interface Props {
  task: TaskView;
  layout: Layout;
  /** Whether a dialog covers the thread, and these actions with it. */
  covered: boolean;
}

export function ThreadHeader({ task, layout, covered }: Props) {
  const [, go] = useLocation();
  const details = useStore(ui, (state) => state.details);
  return (
    <header className="thread-head">
      {layout === "narrow" && (
        <Button className="icon-button" aria-label={m.back_to_list()} onPress={() => go("/")}>
          <ArrowLeft size={18} aria-hidden="true" />
        </Button>
      )}
      <Avatar initials={task.customer.initials} />
      <div className="thread-who">
        <h1>{customerName(task)}</h1>
        <p className="muted number">
          <span>{customerPhone(task)} ·&nbsp;</span>
          <span className="thread-queue">{task.queue.name}</span>
          <span>
            &nbsp;· <Timer since={task.leg?.connected_at} />
          </span>
        </p>
      </div>
      {layout !== "wide" && (
        <Button
          className="icon-button"
          aria-label={details ? m.hide_details() : m.show_details()}
          aria-pressed={details}
          onPress={() => ui.setState({ details: !details })}
        >
          <PanelRight size={18} aria-hidden="true" />
        </Button>
      )}
      {isConnected(task, "primary") && <OwnerActions task={task} covered={covered} />}
      {isConnected(task, "guest") && (
        <div className="thread-actions">
          <Action
            name={m.leave_conference()}
            icon={LogOut}
            command="end"
            danger
            onPress={() => void leave(task, go)}
          />
        </div>
      )}
    </header>
  );
}

function OwnerActions({ task, covered }: { task: TaskView; covered: boolean }) {
  const conference = guestsOf(task).joined.length > 0;
  return (
    <div className="thread-actions" inert={covered}>
      <Action
        id={openerOf("transfer")}
        name={m.transfer()}
        icon={ArrowLeftRight}
        command="transfer"
        shrinks
        opens
        why={conference ? codeText("has-guests") : null}
        onPress={() => openHanding(task, "transfer")}
      />
      <Action
        id={openerOf("conference")}
        name={m.conference()}
        icon={UserPlus}
        command="conference"
        shrinks
        opens
        onPress={() => openHanding(task, "conference")}
      />
      <Action
        name={conference ? m.end_conference() : m.end_task()}
        icon={CircleCheckBig}
        command="end"
        danger
        onPress={() => void end(task)}
      />
    </div>
  );
}

interface ActionProps {
  id?: string;
  name: string;
  icon: LucideIcon;
  command: Command;
  danger?: boolean;
  /** Whether only the icon is left where there is little room. */
  shrinks?: boolean;
  /** Whether a dialog comes. */
  opens?: boolean;
  /** Why it cannot be done now. */
  why?: string | null;
  onPress: () => void;
}

/** A button whose tooltip tells its name and keys, or why it cannot be used; then it says so. */
function Action(props: ActionProps) {
  const { id, name, icon: Icon, command, why = null, onPress } = props;
  const chosen = useStore(settings, (all) => all.keys);
  const keys = keyText(chosen[command] ?? KEYS[command]);
  const kind = [props.danger && "danger", props.shrinks && "shrinks"].filter(Boolean).join(" ");
  const reason = `${command}-reason`;
  return (
    <TooltipTrigger delay={400}>
      <Focusable>
        <button
          type="button"
          id={id}
          className={`button ${kind}`}
          // Disabled for whoever looks or listens, but in reach, so that the reason is too.
          aria-disabled={why === null ? undefined : true}
          aria-describedby={why === null ? undefined : reason}
          aria-haspopup={props.opens ? "dialog" : undefined}
          onClick={onPress}
        >
          <Icon size={16} aria-hidden="true" />
          <span className="button-name">{name}</span>
        </button>
      </Focusable>
      {why !== null && (
        <span id={reason} className="hidden">
          {why}
        </span>
      )}
      <Tooltip className="tooltip" placement="bottom" offset={6}>
        {why ?? `${name} · ${keys}`}
      </Tooltip>
    </TooltipTrigger>
  );
}
