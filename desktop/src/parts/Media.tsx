/** The file of a message: a picture, a video, something to listen to, or what can be downloaded. */
import {
  CircleAlert,
  Download,
  FileText,
  Film,
  ImageIcon,
  LoaderCircle,
  type LucideIcon,
  Music,
} from "lucide-react";
import { type SyntheticEvent, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { fetchAgain } from "../actions";
import { downloadPath, mediaPath } from "../media";
import { m } from "../paraglide/messages.js";
import { aboutText, lostText, mediaText } from "../text/files";
import { ui } from "../ui";
import type { MediaKind, MediaView } from "../views";
import { Player } from "./Player";

interface Props {
  media: MediaView;
  conversation: string;
}

/** Of what is only downloaded. */
const ICONS: Record<MediaKind, LucideIcon> = {
  image: ImageIcon,
  sticker: ImageIcon,
  video: Film,
  audio: Music,
  document: FileText,
};

const LESS_MOTION = "(prefers-reduced-motion: reduce)";

/** What a browser can show as a picture; all else is a document to it. */
const PICTURES = ["image/jpeg", "image/png", "image/webp", "image/gif"];

export function Media({ media, conversation }: Props) {
  const [broken, setBroken] = useState(false);
  const onBroken = () => setBroken(true);
  const pictured = PICTURES.includes(media.mime_type ?? "");
  if (media.state === "waiting") return <Waiting media={media} />;
  if (media.state !== "ready") return <Lost media={media} />;
  if (media.kind === "sticker" && pictured && !broken)
    return <Sticker media={media} onBroken={onBroken} />;
  if (media.kind === "image" && pictured && !broken)
    return <Picture media={media} conversation={conversation} onBroken={onBroken} />;
  if (media.kind === "video" && !broken) return <Video media={media} onBroken={onBroken} />;
  if (media.kind === "audio") return <Sound media={media} broken={broken} onBroken={onBroken} />;
  return <Document media={media} />;
}

/** The button of a picture in the thread, which takes the focus back when it is closed. */
export const pictureId = (media: MediaView) => `picture-${media.id}`;

interface Shown {
  media: MediaView;
  onBroken: () => void;
}

function Picture({ media, conversation, onBroken }: Shown & { conversation: string }) {
  return (
    <Button
      id={pictureId(media)}
      className="media-box"
      aria-label={m.open_image()}
      onPress={() => ui.setState({ viewing: { conversation, media } })}
    >
      <img src={mediaPath(media.id)} alt="" loading="lazy" onError={onBroken} />
    </Button>
  );
}

/** Moves by itself, unless the person has asked for less of that. */
function Sticker({ media, onBroken }: Shown) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [still, setStill] = useState(false);
  const onLoad = ({ currentTarget: image }: SyntheticEvent<HTMLImageElement>) => {
    const node = canvas.current;
    if (!node || !media.animated || !matchMedia(LESS_MOTION).matches) return;
    node.width = image.naturalWidth;
    node.height = image.naturalHeight;
    // A canvas is given the first frame.
    node.getContext("2d")?.drawImage(image, 0, 0);
    setStill(true);
  };
  return (
    <>
      <img
        className="sticker"
        src={mediaPath(media.id)}
        alt={m.type_sticker()}
        hidden={still}
        onLoad={onLoad}
        onError={onBroken}
      />
      <canvas
        ref={canvas}
        className="sticker"
        role="img"
        aria-label={m.type_sticker()}
        hidden={!still}
      />
    </>
  );
}

function Video({ media, onBroken }: Shown) {
  return (
    // biome-ignore lint/a11y/useMediaCaption: nobody has written any for what people film.
    <video
      className="media-box"
      src={mediaPath(media.id)}
      aria-label={m.type_video()}
      controls
      playsInline
      preload="metadata"
      onError={onBroken}
    />
  );
}

function Sound({ media, broken, onBroken }: Shown & { broken: boolean }) {
  if (!broken) {
    const label = mediaText(media);
    return <Player id={media.id} label={label} onBroken={onBroken} />;
  }
  return (
    <>
      <Document media={media} />
      <p className="given">{m.audio_broken()}</p>
    </>
  );
}

function Document({ media }: { media: MediaView }) {
  const Icon = ICONS[media.kind];
  const name = media.name ?? mediaText(media);
  return (
    <div className="piece file">
      <Icon size={20} aria-hidden="true" />
      <div>
        <p className="piece-title">{name}</p>
        <p className="given">{aboutText(media)}</p>
      </div>
      <a
        className="file-link"
        href={downloadPath(media.id)}
        download={media.name ?? ""}
        aria-label={m.download_file({ name })}
        title={m.download()}
      >
        <Download size={18} aria-hidden="true" />
      </a>
    </div>
  );
}

function Waiting({ media }: { media: MediaView }) {
  return (
    <div className="piece file">
      <LoaderCircle className="turning" size={20} aria-hidden="true" />
      <div>
        <p className="piece-title">{media.name ?? mediaText(media)}</p>
        <p className="given">{m.downloading()}</p>
      </div>
    </div>
  );
}

function Lost({ media }: { media: MediaView }) {
  const [asked, setAsked] = useState(false);
  const again = async () => {
    setAsked(true);
    await fetchAgain(media.id);
    setAsked(false);
  };
  return (
    <div className="piece file">
      <CircleAlert size={20} aria-hidden="true" />
      <div>
        <p className="piece-title">{media.name ?? mediaText(media)}</p>
        <p className="given">{lostText(media.error?.code)}</p>
        {media.error?.action === "retry" && (
          <Button className="button small" isDisabled={asked} onPress={() => void again()}>
            {m.try_again()}
          </Button>
        )}
      </div>
    </div>
  );
}
