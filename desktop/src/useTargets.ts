/** The live lists of a dialog: asked for every three seconds, and whenever a person wants. */
import { useCallback, useEffect, useRef, useState } from "react";
import { m } from "./paraglide/messages.js";
import { server } from "./server";
import { type Kind, type Purpose, targetsOf } from "./targets";
import type { Targets } from "./views";

const POLL_MS = 3_000;

/** The lists, asked for again and again; an older answer never replaces a newer one. */
export function useTargets(purpose: Purpose) {
  const [lists, setLists] = useState<{ targets: Targets | null; failed: boolean }>({
    targets: null,
    failed: false,
  });
  const asked = useRef(0);
  const shown = useRef(0);
  const ask = useCallback(async (): Promise<Targets | null> => {
    asked.current += 1;
    const turn = asked.current;
    const { data } = await server.targets(purpose);
    if (turn < shown.current) return null;
    shown.current = turn;
    setLists(({ targets }) => ({ targets: data ?? targets, failed: data === undefined }));
    return data ?? null;
  }, [purpose]);
  useEffect(() => {
    void ask();
    const timer = setInterval(() => {
      if (asked.current === shown.current) void ask();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [ask]);
  return { ...lists, ask };
}

/** A refreshing that a person asked for: whether it runs, and what came of it. */
export function useRefresh(ask: () => Promise<Targets | null>, kind: Kind) {
  const [turns, setTurns] = useState(0);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState("");
  const refresh = async () => {
    setBusy(true);
    setTurns((count) => count + 1);
    const targets = await ask();
    setBusy(false);
    if (!targets) return setTold("");
    const count = targetsOf(targets, kind).length;
    const text = kind === "queue" ? m.queues_refreshed({ count }) : m.agents_refreshed({ count });
    // The same words twice are read twice only if the text differs.
    setTold((before) => (before === text ? `${text}\u00a0` : text));
  };
  return { refresh, turns, busy, told, forget: () => setTold("") };
}
