/** Hooks over the stores. */
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { onTick, serverNow } from "./clock";
import { desk } from "./desk";
import { hoped, meOf, offersOf, tasksOf } from "./look";
import { ui } from "./ui";
import type { AgentView, TaskView } from "./views";

export function useOffers(): TaskView[] {
  const state = useStore(desk);
  const hopes = useStore(ui, (all) => all.hopes);
  return useMemo(() => offersOf(state, hopes), [state, hopes]);
}

export function useTasks(): TaskView[] {
  const state = useStore(desk);
  const hopes = useStore(ui, (all) => all.hopes);
  return useMemo(() => tasksOf(state, hopes), [state, hopes]);
}

export function useTask(id: string): TaskView | null {
  const task = useStore(desk, (state) => state.tasks.get(id));
  const hopes = useStore(ui, (all) => all.hopes);
  return useMemo(() => (task ? hoped(task, hopes) : null), [task, hopes]);
}

export function useMe(): AgentView | null {
  const state = useStore(desk);
  const hopes = useStore(ui, (all) => all.hopes);
  return useMemo(() => meOf(state, hopes), [state, hopes]);
}

export type Layout = "wide" | "middle" | "narrow";

const WIDE = matchMedia("(min-width: 1180px)");
const MIDDLE = matchMedia("(min-width: 820px)");

const layout = (): Layout => (WIDE.matches ? "wide" : MIDDLE.matches ? "middle" : "narrow");

/** How many panes there is room for. */
export function useLayout(): Layout {
  const [now, setNow] = useState(layout);
  useEffect(() => {
    const look = () => setNow(layout());
    WIDE.addEventListener("change", look);
    MIDDLE.addEventListener("change", look);
    return () => {
      WIDE.removeEventListener("change", look);
      MIDDLE.removeEventListener("change", look);
    };
  }, []);
  return now;
}

function isOpen(closes: string | null): boolean {
  return closes !== null && Date.parse(closes) > serverNow();
}

/** Whether free replies are allowed; turns by itself when the time is up. */
export function useWindowOpen(closes: string | null): boolean {
  const [, redraw] = useState(0);
  const open = isOpen(closes);
  useEffect(
    () =>
      onTick(() => {
        if (isOpen(closes) !== open) redraw((count) => count + 1);
      }),
    [closes, open],
  );
  return open;
}
