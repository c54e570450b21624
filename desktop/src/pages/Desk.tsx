/** The desk: list, conversation and rail, as many side by side as there is room for. */
import { Inbox, Settings } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { useStore } from "zustand";
import { accept, end } from "../actions";
import { watchAlerts } from "../alerts";
import { desk } from "../desk";
import { leave, openHanding } from "../handing";
import { commandOf, nextRegion } from "../keys";
import { replyBack } from "../letters";
import { openDesk } from "../live";
import { language } from "../locale";
import { isConnected, offersOf, tasksOf } from "../look";
import { m } from "../paraglide/messages.js";
import { NotificationSettings, SoundSettings } from "../parts/Alerts";
import { LanguageSelect, ThemeSelect } from "../parts/choices";
import { Details } from "../parts/Details";
import { Header } from "../parts/Header";
import { Idle, RonaAside } from "../parts/Idle";
import { Notices, Toasts } from "../parts/Notices";
import { Offers } from "../parts/Offers";
import { Shortcuts } from "../parts/Shortcuts";
import { LiveRegion } from "../parts/small";
import { TaskList } from "../parts/TaskList";
import { ThreadPane } from "../parts/ThreadPane";
import { loadSettings, settings } from "../settings";
import { ui } from "../ui";
import { useLayout, useTask } from "../use";
import type { TaskView } from "../views";
import { WaitingPage } from "./plain";

export function DeskPage({ person }: { person: string }) {
  const loaded = useStore(desk, (state) => state.loaded);
  // Lines that are drawn once only are drawn anew in another language.
  const { locale } = useStore(language);
  const [path, go] = useLocation();
  useEffect(() => openDesk(person), [person]);
  useEffect(() => void loadSettings(), []);
  const goTo = useRef(go);
  goTo.current = go;
  useEffect(() => watchAlerts(() => goTo.current("/")), []);
  const open = path.startsWith("/tasks/") ? path.slice("/tasks/".length) : null;
  useCommands(open, go);
  return (
    <div className="desk" key={locale}>
      <Header />
      {loaded ? <Body path={path} open={open} me={person} /> : <WaitingPage />}
      <Shortcuts />
      <Toasts />
      <LiveRegion />
    </div>
  );
}

function Body({ path, open, me }: { path: string; open: string | null; me: string }) {
  const layout = useLayout();
  const onSettings = path === "/settings";
  return (
    <div className={`body ${layout}`}>
      {layout !== "narrow" && <Rail path={path} />}
      {onSettings ? <SettingsPane /> : <Panes layout={layout} open={open} me={me} />}
      {onSettings && <Offers place="pop-over" />}
    </div>
  );
}

interface PanesProps {
  layout: ReturnType<typeof useLayout>;
  open: string | null;
  me: string;
}

function Panes({ layout, open, me }: PanesProps) {
  if (layout === "narrow") {
    const sheet = <Offers place="sheet" />;
    if (open) {
      const above = <AboveThread />;
      return <ThreadPane id={open} me={me} layout={layout} above={above} belowThread={sheet} />;
    }
    return (
      <div className="column">
        <Notices />
        <Middle />
        <TaskList open={null} />
        {sheet}
      </div>
    );
  }
  const above = layout === "middle" ? <MiddleTop open={open !== null} /> : undefined;
  return (
    <>
      <TaskList open={open} />
      {open ? (
        <ThreadPane id={open} me={me} layout={layout} above={above} />
      ) : (
        <div className="pane">
          {above}
          <Middle />
        </div>
      )}
      {layout === "wide" && <ContextRail open={open} />}
    </>
  );
}

function AboveThread() {
  return (
    <>
      <RonaAside />
      <Notices />
    </>
  );
}

function MiddleTop({ open }: { open: boolean }) {
  return (
    <>
      {open && <RonaAside />}
      <Offers place="strip" />
      <Notices />
    </>
  );
}

function Middle() {
  return (
    <main className="middle" data-region tabIndex={-1}>
      <Idle />
    </main>
  );
}

function ContextRail({ open }: { open: string | null }) {
  const task = useTask(open ?? "");
  const state = task?.leg?.state;
  return (
    <aside className="rail" aria-label={m.details()}>
      {open !== null && <RonaAside />}
      <Offers place="rail" />
      <Notices />
      {task && (state === "connected" || state === "wrap-up") ? (
        <Details key={task.id} task={task} />
      ) : (
        <div className="rail-settings">
          <NotificationSettings />
          <SoundSettings />
        </div>
      )}
    </aside>
  );
}

function Rail({ path }: { path: string }) {
  const mark = (here: boolean) => (here ? "page" : undefined);
  const settingsOpen = path === "/settings";
  return (
    <nav className="nav" aria-label={m.nav()} data-region tabIndex={-1}>
      <Link
        href="/"
        aria-label={m.my_contacts()}
        title={m.my_contacts()}
        aria-current={mark(!settingsOpen)}
      >
        <Inbox size={20} aria-hidden="true" />
      </Link>
      <Link
        href="/settings"
        aria-label={m.settings()}
        title={m.settings()}
        aria-current={mark(settingsOpen)}
      >
        <Settings size={20} aria-hidden="true" />
      </Link>
    </nav>
  );
}

function SettingsPane() {
  return (
    <main className="settings" data-region tabIndex={-1}>
      <h1>{m.settings()}</h1>
      <section className="setting" aria-labelledby="appearance">
        <h2 id="appearance">{m.appearance()}</h2>
        <div className="row">
          <ThemeSelect />
          <LanguageSelect />
        </div>
      </section>
      <NotificationSettings />
      <SoundSettings />
      <Link href="/" className="button">
        {m.to_desk()}
      </Link>
    </main>
  );
}

/** Goes to the task before or after the open one in the list. */
function step(open: string | null, by: 1 | -1, go: (to: string) => void): void {
  const tasks = tasksOf(desk.getState(), ui.getState().hopes);
  if (tasks.length === 0) return;
  const at = tasks.findIndex((task) => task.id === open);
  const to = at < 0 ? 0 : (at + by + tasks.length) % tasks.length;
  go(`/tasks/${tasks[to]?.id}`);
}

/** Ends the conversation, or for a guest only the own part; nothing while a dialog covers it. */
function endOrLeave(task: TaskView, go: (to: string) => void): void {
  if (ui.getState().handing?.task === task.id) return;
  if (isConnected(task, "primary")) void end(task);
  if (isConnected(task, "guest")) void leave(task, go);
}

function useCommands(open: string | null, go: (to: string) => void): void {
  const current = useRef({ open, go });
  current.current = { open, go };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const command = commandOf(event, settings.getState().keys);
      if (command === null) return;
      event.preventDefault();
      const here = current.current;
      const state = desk.getState();
      const { hopes } = ui.getState();
      const oldest = offersOf(state, hopes)[0];
      const task = tasksOf(state, hopes).find((each) => each.id === here.open);
      const does = {
        accept: () => oldest && void accept(oldest, here.go),
        state: () => ui.setState({ stateMenu: true }),
        transfer: () => task && openHanding(task, "transfer"),
        conference: () => task && openHanding(task, "conference"),
        end: () => task && endOrLeave(task, here.go),
        reply: () => task && replyBack(task),
        previous: () => step(here.open, -1, here.go),
        next: () => step(here.open, 1, here.go),
        region: () => nextRegion(event.shiftKey),
        sheet: () => ui.setState(({ shortcuts }) => ({ shortcuts: !shortcuts })),
      };
      does[command]();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
