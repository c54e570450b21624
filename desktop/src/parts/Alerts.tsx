/** Sound and notifications as the person wants them. */
import { Bell, Volume2, VolumeX } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { m } from "../paraglide/messages.js";
import { changeSettings, settings } from "../settings";
import { play, unlock } from "../sound";

export function SoundSettings() {
  const sound = useStore(settings, (all) => all.sound);
  const Icon = sound.muted ? VolumeX : Volume2;
  const test = () => {
    unlock();
    play(sound.volume);
  };
  return (
    <section className="setting" aria-labelledby="sound">
      <h2 id="sound">
        <Icon size={16} aria-hidden="true" />
        {m.sound_title()}
      </h2>
      <label className="check">
        <input
          type="checkbox"
          checked={!sound.muted}
          onChange={(event) =>
            changeSettings({ sound: { ...sound, muted: !event.target.checked } })
          }
        />
        {m.sound_on()}
      </label>
      <label className="volume">
        {m.volume()}
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          value={sound.volume}
          disabled={sound.muted}
          onChange={(event) =>
            changeSettings({ sound: { ...sound, volume: Number(event.target.value) } })
          }
        />
      </label>
      <Button className="button small" isDisabled={sound.muted} onPress={test}>
        {m.test_sound()}
      </Button>
    </section>
  );
}

const permission = () => (typeof Notification === "undefined" ? "denied" : Notification.permission);

export function NotificationSettings() {
  const wanted = useStore(settings, (all) => all.notifications);
  const [allowed, setAllowed] = useState(permission);
  const on = wanted.enabled && allowed === "granted";
  const turn = async () => {
    if (on) return changeSettings({ notifications: { ...wanted, enabled: false } });
    if (allowed === "default") await Notification.requestPermission();
    setAllowed(permission());
    if (permission() === "granted") changeSettings({ notifications: { ...wanted, enabled: true } });
  };
  return (
    <section className="setting" aria-labelledby="notifications">
      <h2 id="notifications">
        <Bell size={16} aria-hidden="true" />
        {m.notifications_title()}
        <span className="muted">{on ? m.notifications_on() : m.notifications_off()}</span>
      </h2>
      {allowed === "denied" ? (
        <p className="muted">{m.notifications_denied()}</p>
      ) : (
        <Button className="button small" onPress={() => void turn()}>
          {on ? m.notifications_end() : m.notifications_ask()}
        </Button>
      )}
      <label className="check">
        <input
          type="checkbox"
          checked={wanted.private}
          onChange={(event) =>
            changeSettings({ notifications: { ...wanted, private: event.target.checked } })
          }
        />
        {m.notifications_private()}
      </label>
    </section>
  );
}
