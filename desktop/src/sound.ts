/** Two tones that repeat while a request rings; made by the browser, no file. */
const EVERY_MS = 4_000;
const TONES = [
  [660, 0],
  [880, 0.18],
] as const;

let context: AudioContext | undefined;
let repeating: ReturnType<typeof setInterval> | undefined;

/** Browsers let a page sound only after it was touched; called with the first gesture. */
export function unlock(): void {
  context ??= new AudioContext();
  void context.resume();
}

/** Plays the two tones once; the volume is 0 to 100. */
export function play(volume: number): void {
  if (context?.state !== "running" || volume <= 0) return;
  for (const [pitch, after] of TONES)
    tone(context, pitch, context.currentTime + after, volume / 100);
}

function tone(audio: AudioContext, pitch: number, from: number, volume: number): void {
  const wave = audio.createOscillator();
  const gain = audio.createGain();
  wave.frequency.value = pitch;
  // Rising and falling softly, since a hard edge clicks.
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(volume * 0.25, from + 0.02);
  gain.gain.linearRampToValueAtTime(0, from + 0.16);
  wave.connect(gain).connect(audio.destination);
  wave.start(from);
  wave.stop(from + 0.18);
}

/** Begins to repeat, or ends it with `null`. */
export function repeat(volume: (() => number) | null): void {
  clearInterval(repeating);
  repeating = undefined;
  if (volume === null) return;
  play(volume());
  repeating = setInterval(() => play(volume()), EVERY_MS);
}
