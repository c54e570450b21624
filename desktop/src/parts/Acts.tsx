/** What can be done with a message: answer to it, react to it. */
import { Reply, SmilePlus } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { react } from "../actions";
import { emojiIn, isQuotable, ownReaction } from "../letters";
import { m } from "../paraglide/messages.js";
import type { MessageView } from "../views";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

interface Props {
  message: MessageView;
  onReply: (message: MessageView) => void;
}

export function Acts({ message, onReply }: Props) {
  if (!isQuotable(message)) return null;
  return (
    <div className="acts">
      <Button className="icon-button small" aria-label={m.reply()} onPress={() => onReply(message)}>
        <Reply size={16} aria-hidden="true" />
      </Button>
      {message.direction === "in" && <Reacting message={message} />}
    </div>
  );
}

function Reacting({ message }: { message: MessageView }) {
  const own = ownReaction(message);
  return (
    <DialogTrigger>
      <Button className="icon-button small" aria-label={m.react()}>
        <SmilePlus size={16} aria-hidden="true" />
      </Button>
      <Popover className="popover reacting" placement="top start">
        <Dialog aria-label={m.react()} className="emoji-row">
          {({ close }) => {
            const choose = (emoji: string) => {
              close();
              void react(message, emoji);
            };
            return (
              <>
                {EMOJI.map((emoji) => (
                  <Button
                    key={emoji}
                    className="emoji"
                    aria-pressed={emoji === own}
                    onPress={() => choose(emoji)}
                  >
                    {emoji}
                  </Button>
                ))}
                <OtherEmoji own={own} onChoose={choose} />
              </>
            );
          }}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

interface OtherProps {
  own: string | null;
  onChoose: (emoji: string) => void;
}

/** Takes the first emoji that is typed, as by the system's own table of them. */
function OtherEmoji({ own, onChoose }: OtherProps) {
  const [text, setText] = useState("");
  const type = (value: string) => {
    const emoji = emojiIn(value);
    if (emoji === null) setText(value.slice(-1));
    else onChoose(emoji);
  };
  const more = own !== null && !EMOJI.includes(own);
  return (
    <>
      {more && (
        <Button className="emoji" aria-pressed={true} onPress={() => onChoose(own)}>
          {own}
        </Button>
      )}
      <input
        className="input emoji-other"
        aria-label={m.other_emoji()}
        placeholder={m.other_emoji()}
        value={text}
        onChange={(event) => type(event.target.value)}
      />
    </>
  );
}
