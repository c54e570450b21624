/** Files that are dropped on a conversation, or pasted into it. */
import { Upload } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type ReactNode, useRef, useState } from "react";
import { m } from "../paraglide/messages.js";
import { toast } from "../ui";
import { attach, MAX_FILES } from "../uploads";

/** Attaches files to what is being written in a task, and says so where they are too many. */
export function attachTo(task: string, files: Iterable<File>): void {
  if (!attach(task, [...files])) toast(m.too_many_files({ max: MAX_FILES }));
}

const hasFiles = (data: DataTransfer) => data.types.includes("Files");

interface Props {
  /** Null where nothing can be sent. */
  task: string | null;
  inert: boolean;
  children: ReactNode;
}

export function Dropping({ task, inert, children }: Props) {
  // Coming over a part of what is within tells of leaving another.
  const depth = useRef(0);
  const [over, setOver] = useState(false);
  const move = (by: number) => {
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  const onDrag = (event: DragEvent) => {
    if (!hasFiles(event.dataTransfer)) return;
    // Without this the browser would open the file in the place of the desk.
    event.preventDefault();
    event.dataTransfer.dropEffect = task === null ? "none" : "copy";
    if (event.type === "dragenter") move(1);
    if (event.type === "dragleave") move(-1);
  };
  const onDrop = (event: DragEvent) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    move(-depth.current);
    if (task !== null) attachTo(task, event.dataTransfer.files);
  };
  const onPaste = (event: ClipboardEvent) => {
    const { files } = event.clipboardData;
    // Words that come with a picture of themselves, as from a spreadsheet, are meant as words.
    const words = event.clipboardData.types.includes("text/plain");
    if (task === null || files.length === 0 || words) return;
    event.preventDefault();
    attachTo(task, files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files can be attached by a button too.
    <div
      className="pane-under"
      inert={inert}
      onDragEnter={onDrag}
      onDragOver={onDrag}
      onDragLeave={onDrag}
      onDrop={onDrop}
      onPaste={onPaste}
    >
      {children}
      {over && task !== null && (
        <div className="dropping" aria-hidden="true">
          <Upload size={24} />
          {m.drop_files()}
        </div>
      )}
    </div>
  );
}
