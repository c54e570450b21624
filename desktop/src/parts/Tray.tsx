/** The files that go with what is being written, over the composer. */
import { FileText, Mic, Music, Video, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import { type Choice, LIMITS, LONG_SIDE } from "../media";
import { m } from "../paraglide/messages.js";
import { refusalText, sizeText, stageText } from "../text/files";
import { type Attachment, detach, keepOrRetry, shrink } from "../uploads";

interface Props {
  files: readonly Attachment[];
  /** Called when one was taken away, and the focus with it. */
  onGone: () => void;
}

export function Tray({ files, onGone }: Props) {
  if (files.length === 0) return null;
  return (
    <ul className="tray" aria-label={m.attachments()}>
      {files.map((file) => (
        <li key={file.key}>
          <Row file={file} onGone={onGone} />
        </li>
      ))}
    </ul>
  );
}

function Row({ file, onGone }: { file: Attachment; onGone: () => void }) {
  const { stage, voice } = file;
  const name = voice ? m.voice_message() : file.file.name;
  const remove = () => {
    detach(file.key);
    onGone();
  };
  return (
    <div className={stage.is === "refused" ? "attachment refused" : "attachment"}>
      <Look file={file} />
      <div className="attachment-text">
        <p className="attachment-name">{name}</p>
        <Told file={file} />
        {stage.is === "going" && <progress value={stage.part} aria-label={m.uploading({ name })} />}
        {stage.is === "choice" && <Offer file={file} choice={stage.choice} />}
        {stage.is === "refused" && stage.again && (
          <Button className="button small" onPress={() => keepOrRetry(file.key)}>
            {m.repeat_send()}
          </Button>
        )}
      </div>
      <Button className="icon-button small" aria-label={m.remove_file({ name })} onPress={remove}>
        <X size={16} aria-hidden="true" />
      </Button>
    </div>
  );
}

/** How far it is, or why it cannot go. */
function Told({ file: { stage, kind, file } }: { file: Attachment }) {
  if (stage.is === "choice") return null;
  if (stage.is === "refused") return <p role="alert">{refusalText(stage.refusal, kind)}</p>;
  return <p className="number">{stageText(stage, file.size)}</p>;
}

/** The picture small, or what kind of file it is. */
function Look({ file }: { file: Attachment }) {
  const { thumb, kind, voice } = file;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const node = canvas.current;
    if (!node || !thumb) return;
    node.width = thumb.width;
    node.height = thumb.height;
    node.getContext("2d")?.drawImage(thumb, 0, 0);
  }, [thumb]);
  if (thumb) {
    return (
      <span className="thumb" aria-hidden="true">
        <canvas ref={canvas} />
      </span>
    );
  }
  const Icon = voice ? Mic : kind === "audio" ? Music : kind === "video" ? Video : FileText;
  return (
    <span className="thumb">
      <Icon size={20} aria-hidden="true" />
    </span>
  );
}

const WHY: Record<Choice, (size: string) => string> = {
  "shrink-or-keep": (size) => m.image_large({ size }),
  shrink: (size) => m.image_too_large({ size, limit: sizeText(LIMITS.image) }),
  convert: () => m.image_convert(),
};

/** What is to become of a picture, for a person to say. */
function Offer({ file, choice }: { file: Attachment; choice: Choice }) {
  const { key } = file;
  const label = choice === "convert" ? m.convert() : m.shrink({ pixels: LONG_SIDE });
  return (
    <>
      <p>{WHY[choice](sizeText(file.file.size))}</p>
      <div className="row">
        <Button className="button small primary" onPress={() => void shrink(key)}>
          {label}
        </Button>
        {choice === "shrink-or-keep" && (
          <Button className="button small" onPress={() => keepOrRetry(key)}>
            {m.keep_original()}
          </Button>
        )}
      </div>
    </>
  );
}
