/** The bar on top: connection, state, theme, who one is. */
import { ChevronDown, Keyboard, LogOut, Settings, Wifi, WifiOff } from "lucide-react";
import {
  Button,
  Header as Heading,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
} from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { setState } from "../actions";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { session, signOut } from "../session";
import { problemText } from "../text/problems";
import { stateText } from "../text/words";
import { toast, ui } from "../ui";
import { useLayout, useMe } from "../use";
import type { AgentView } from "../views";
import { LanguageSelect, ThemeButton } from "./choices";
import { Avatar, Timer } from "./small";

export function Header() {
  const me = useMe();
  const narrow = useLayout() === "narrow";
  return (
    <header className="top" data-region tabIndex={-1}>
      <p className="brand">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span className="brand-name">{m.product()}</span>
      </p>
      <LineState />
      {me && <StateSelector me={me} />}
      {!narrow && <LanguageSelect />}
      {!narrow && <ThemeButton />}
      <AccountMenu />
    </header>
  );
}

function LineState() {
  const line = useStore(ui, (state) => state.line);
  const texts = {
    connected: m.line_connected,
    reconnecting: m.line_reconnecting,
    offline: m.line_offline,
  };
  const Icon = line === "connected" ? Wifi : WifiOff;
  return (
    <p className={`line ${line}`} role="status">
      <Icon size={14} aria-hidden="true" />
      <span>{texts[line]()}</span>
    </p>
  );
}

function StateSelector({ me }: { me: AgentView }) {
  const codes = useStore(desk, (state) => state.codes.idle);
  const open = useStore(ui, (state) => state.stateMenu);
  const shown = me.engaged ? m.engaged({ state: stateText(me) }) : stateText(me);
  const dual = me.state === "idle" && me.idle_since !== null && me.idle_since !== me.since;
  const choose = (key: string) => {
    const code = codes.find((each) => each.id === key);
    void setState(code ? "idle" : "available", code ?? null);
  };
  return (
    <MenuTrigger isOpen={open} onOpenChange={(stateMenu) => ui.setState({ stateMenu })}>
      <Button className={`state ${me.state}`} aria-label={m.state_label({ state: shown })}>
        <span className="dot" aria-hidden="true" />
        <span className="state-name">{shown}</span>
        <Timer since={me.since} />
        {dual && (
          <span className="dual" title={m.dual_timer()}>
            / <Timer since={me.idle_since} />
          </span>
        )}
        <ChevronDown size={16} aria-hidden="true" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={m.state_menu()}
          selectionMode="single"
          selectedKeys={me.state === "idle" && me.aux_code ? [me.aux_code.id] : [me.state]}
          onAction={(key) => choose(String(key))}
        >
          <MenuItem id="available" className="menu-item available" textValue={m.available()}>
            <span className="dot" aria-hidden="true" />
            {m.available()}
          </MenuItem>
          <MenuSection>
            <Heading className="menu-heading">{m.idle_reasons()}</Heading>
            {codes.map((code) => (
              <MenuItem key={code.id} id={code.id} className="menu-item idle" textValue={code.name}>
                <span className="dot" aria-hidden="true" />
                {code.name}
              </MenuItem>
            ))}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

async function leave(): Promise<void> {
  const problem = await signOut();
  if (problem) toast(problemText(problem));
}

function AccountMenu() {
  const person = useStore(session, (state) => state.person);
  const [, go] = useLocation();
  if (!person) return null;
  const act = (key: string) => {
    if (key === "settings") go("/settings");
    if (key === "shortcuts") ui.setState({ shortcuts: true });
    if (key === "sign-out") void leave();
  };
  return (
    <MenuTrigger>
      <Button className="account" aria-label={m.my_account({ name: person.name })}>
        <Avatar initials={person.initials} />
      </Button>
      <Popover className="popover" placement="bottom end">
        <p className="menu-person">
          <strong>{person.name}</strong>
          <span className="muted">{person.team?.name ?? person.email}</span>
        </p>
        <Menu
          className="menu"
          aria-label={m.my_account({ name: person.name })}
          onAction={(key) => act(String(key))}
        >
          <MenuItem id="settings" className="menu-item">
            <Settings size={16} aria-hidden="true" />
            {m.settings()}
          </MenuItem>
          <MenuItem id="shortcuts" className="menu-item" textValue={m.shortcuts()}>
            <Keyboard size={16} aria-hidden="true" />
            {m.shortcuts()}
          </MenuItem>
          <MenuItem id="sign-out" className="menu-item">
            <LogOut size={16} aria-hidden="true" />
            {m.sign_out()}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
