/** A picture at its full size over the thread; like other dialogs it covers nothing else. */
import { Download, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import { downloadPath, mediaPath } from "../media";
import { m } from "../paraglide/messages.js";
import { ui } from "../ui";
import type { MediaView } from "../views";
import { pictureId } from "./Media";

const close = () => ui.setState({ viewing: null });

export function Viewer({ media }: { media: MediaView }) {
  const way = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    way.current?.focus();
    return () => {
      // Opening another task leaves the picture open, and the focus where it went.
      if (ui.getState().viewing === null) document.getElementById(pictureId(media))?.focus();
    };
  }, [media]);
  const name = media.name ?? m.type_image();
  return (
    <div className="pane-cover viewer">
      <section
        role="dialog"
        aria-modal="false"
        aria-label={name}
        data-region
        tabIndex={-1}
        onKeyDown={(event) => event.key === "Escape" && close()}
      >
        <div className="viewer-head">
          <p>{name}</p>
          <a
            className="icon-button"
            href={downloadPath(media.id)}
            download={media.name ?? ""}
            aria-label={m.download_file({ name })}
            title={m.download()}
          >
            <Download size={18} aria-hidden="true" />
          </a>
          <Button ref={way} className="icon-button" aria-label={m.close()} onPress={close}>
            <X size={18} aria-hidden="true" />
          </Button>
        </div>
        <img src={mediaPath(media.id)} alt={name} />
      </section>
    </div>
  );
}
