/** Something to listen to: play, seek, how long it is, and how fast it goes. */
import { Pause, Play } from "lucide-react";
import { type CSSProperties, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { duration } from "../clock";
import { mediaPath } from "../media";
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";
import { ui } from "../ui";

const SPEEDS = [1, 1.5, 2] as const;
const STEP_S = 5;

/** Only one is heard at a time. */
let heard: HTMLAudioElement | null = null;

interface Props {
  /** Of the file. */
  id: string;
  label: string;
  onBroken: () => void;
}

interface Heard {
  playing: boolean;
  /** In seconds. */
  at: number;
  /** In seconds; zero as long as that is unknown. */
  length: number;
}

const SILENT: Heard = { playing: false, at: 0, length: 0 };

/** What is heard stays in the thread, however far it is scrolled away. */
function tell(id: string, playing: boolean): void {
  const before = ui.getState().heard;
  if (playing) ui.setState({ heard: id });
  else if (before === id) ui.setState({ heard: null });
}

function useAudio(id: string, onBroken: () => void) {
  const audio = useRef<HTMLAudioElement | null>(null);
  const [state, setState] = useState(SILENT);
  const broken = useRef(onBroken);
  broken.current = onBroken;
  useEffect(() => {
    const element = new Audio();
    audio.current = element;
    const look = () => {
      const { paused, currentTime: at, duration: whole } = element;
      setState({ playing: !paused, at, length: Number.isFinite(whole) ? whole : 0 });
      tell(id, !paused);
    };
    const watched = ["play", "pause", "timeupdate", "durationchange", "ended", "seeked"];
    for (const name of watched) element.addEventListener(name, look);
    const onError = () => broken.current();
    element.addEventListener("error", onError);
    element.preload = "metadata";
    element.src = mediaPath(id);
    return () => {
      for (const name of watched) element.removeEventListener(name, look);
      element.removeEventListener("error", onError);
      element.pause();
      // Ends what is still being loaded.
      element.removeAttribute("src");
      element.load();
      if (heard === element) heard = null;
      tell(id, false);
    };
  }, [id]);
  return { audio, state };
}

function toggle(element: HTMLAudioElement | null): void {
  if (element === null) return;
  if (!element.paused) {
    element.pause();
    return;
  }
  if (heard !== element) heard?.pause();
  heard = element;
  // What cannot be played is told by its error.
  element.play().catch(() => {});
}

export function Player({ id, label, onBroken }: Props) {
  const { audio, state } = useAudio(id, onBroken);
  const [speed, setSpeed] = useState(0);
  const rate = new Intl.NumberFormat(getLocale()).format(SPEEDS[speed] ?? 1);
  const faster = () => {
    const next = (speed + 1) % SPEEDS.length;
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = SPEEDS[next] ?? 1;
  };
  const seek = (to: number) => {
    if (audio.current) audio.current.currentTime = Math.min(Math.max(0, to), state.length);
  };
  const Icon = state.playing ? Pause : Play;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
    <div className="player" role="group" aria-label={label}>
      <Button
        className="player-button"
        aria-label={state.playing ? m.pause() : m.play()}
        onPress={() => toggle(audio.current)}
      >
        <Icon size={18} aria-hidden="true" />
      </Button>
      <Progress state={state} onSeek={seek} />
      <Button className="player-speed" aria-label={m.speed({ rate })} onPress={faster}>
        {rate}×
      </Button>
    </div>
  );
}

function Progress({ state, onSeek }: { state: Heard; onSeek: (to: number) => void }) {
  const { at, length } = state;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onSeek(at + by * STEP_S);
  };
  const times = { at: duration(at * 1000), length: duration(length * 1000) };
  const style = { "--part": length > 0 ? at / length : 0 } as CSSProperties;
  return (
    <div className="player-progress">
      <input
        type="range"
        aria-label={m.position()}
        aria-valuetext={m.position_of(times)}
        min={0}
        max={length || 1}
        step="any"
        value={Math.min(at, length || 1)}
        disabled={length === 0}
        style={style}
        onChange={(event) => onSeek(Number(event.target.value))}
        onKeyDown={onKeyDown}
      />
      <span className="player-times number" aria-hidden="true">
        <span>{times.at}</span>
        {length > 0 && <span>{times.length}</span>}
      </span>
    </div>
  );
}
