/** Recording a voice message, in the place of the text box. */
import { SendHorizontal, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { serverNow } from "../clock";
import { m } from "../paraglide/messages.js";
import { type Recording, record } from "../recorder";
import { toast } from "../ui";
import { Timer } from "./small";

interface Props {
  onDone: (file: File) => void;
  onCancel: () => void;
}

/** The recording that runs while this is shown, and since when. */
function useRecording(onCancel: () => void) {
  const recording = useRef<Recording | null>(null);
  const [since, setSince] = useState<string | null>(null);
  const cancelled = useRef(onCancel);
  cancelled.current = onCancel;
  useEffect(() => {
    let over = false;
    const begun = record();
    begun.then(
      (running) => {
        if (over) return running.cancel();
        recording.current = running;
        setSince(new Date(serverNow()).toISOString());
      },
      () => {
        if (over) return;
        toast(m.no_microphone());
        cancelled.current();
      },
    );
    return () => {
      over = true;
      recording.current?.cancel();
    };
  }, []);
  return { recording, since };
}

export function Voice({ onDone, onCancel }: Props) {
  const { recording, since } = useRecording(onCancel);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (since !== null) button.current?.focus();
  }, [since]);
  const finish = async () => {
    const running = recording.current;
    if (running === null) return;
    recording.current = null;
    try {
      onDone(await running.stop());
    } catch {
      toast(m.no_recording());
      onCancel();
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
    <div
      className="composer-box voice"
      role="group"
      aria-label={m.record_voice()}
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
    >
      <span className="voice-sign" aria-hidden="true" />
      <p role="status">{since === null ? m.asking_microphone() : m.recording()}</p>
      <Timer since={since} label={m.recording()} />
      <Button className="icon-button" aria-label={m.cancel_recording()} onPress={onCancel}>
        <Trash2 size={18} aria-hidden="true" />
      </Button>
      <Button
        ref={button}
        className="button primary"
        isDisabled={since === null}
        onPress={() => void finish()}
      >
        <SendHorizontal size={16} aria-hidden="true" />
        {m.send_voice()}
      </Button>
    </div>
  );
}
