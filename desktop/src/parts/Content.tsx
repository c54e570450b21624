/** What a message says beyond its text, each kind in its own way. */
import {
  ClipboardList,
  FileQuestion,
  List,
  type LucideIcon,
  MapPin,
  MessageSquareReply,
  ShoppingCart,
  UserRound,
} from "lucide-react";
import type { ReactNode } from "react";
import { m } from "../paraglide/messages.js";
import * as said from "../text/content";
import { typeText } from "../text/words";
import type { Content as ContentView, MessageView } from "../views";
import { Formatted, MaybeLink, Outside } from "./Formatted";
import { Media } from "./Media";
import { Hidden } from "./small";

type Of<Kind extends ContentView["kind"]> = Extract<ContentView, { kind: Kind }>;

/** All that a message says. */
export function Content({ message }: { message: MessageView }) {
  const text = message.text ?? "";
  const { content } = message;
  return (
    <div className="bubble-text">
      <Head message={message} />
      {text !== "" && <Formatted text={text} />}
      {content?.kind === "answer" && <Given answer={content} />}
      {content?.kind === "menu" && <Menu menu={content} />}
    </div>
  );
}

/** What stands above the text. */
function Head({ message }: { message: MessageView }) {
  const { content } = message;
  switch (content?.kind) {
    case "location":
      return <Place place={content} />;
    case "cards":
      return content.cards.map((card, index) => <Card key={index.toString()} card={card} />);
    case "order":
      return <Order order={content} />;
    case "answer":
      return <AnswerLabel to={content.to} />;
    case "menu":
      return null;
    case "unsupported":
      return <Placeholder type={message.type} note={said.unsupportedText(content)} />;
    default:
      if (message.media !== null)
        return <Media media={message.media} conversation={message.conversation_id} />;
      return message.type === "text" || message.direction === "note" ? null : (
        <Placeholder type={message.type} note={message.text ? null : <Unshown />} />
      );
  }
}

function Unshown() {
  return <Hidden> {m.placeholder_note()}</Hidden>;
}

/** For what is not shown: what kind it is, and a word about it. */
function Placeholder({ type, note }: { type: string; note: ReactNode }) {
  return (
    <>
      <p className="placeholder">
        <FileQuestion size={16} aria-hidden="true" />
        {typeText(type)}
        {typeof note !== "string" && note}
      </p>
      {typeof note === "string" && <p>{note}</p>}
    </>
  );
}

interface PieceProps {
  icon: LucideIcon;
  title: ReactNode;
  children?: ReactNode;
}

/** A box within the bubble. */
function Piece({ icon: Icon, title, children }: PieceProps) {
  return (
    <div className="piece">
      <Icon size={18} aria-hidden="true" />
      <div>
        <p className="piece-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

function Place({ place }: { place: Of<"location"> }) {
  return (
    <Piece icon={MapPin} title={place.name ?? m.type_location()}>
      <p>{place.address ?? said.coordinates(place)}</p>
      <p>
        <Outside href={said.mapLink(place)}>{m.open_in_maps()}</Outside>
      </p>
    </Piece>
  );
}

function Card({ card }: { card: Of<"cards">["cards"][number] }) {
  return (
    <Piece icon={UserRound} title={card.name ?? m.type_contacts()}>
      {card.organisation !== null && <p>{card.organisation}</p>}
      <ul>
        {card.phones.map((phone, index) => (
          <li key={`phone ${index.toString()}`} className="number">
            {said.cardPhone(phone)}
          </li>
        ))}
        {card.emails.map((email, index) => (
          <li key={`email ${index.toString()}`}>{email}</li>
        ))}
        {card.urls.map((url, index) => (
          <li key={`url ${index.toString()}`}>
            <MaybeLink to={url}>{url}</MaybeLink>
          </li>
        ))}
      </ul>
    </Piece>
  );
}

function AnswerLabel({ to }: { to: Of<"answer">["to"] }) {
  const Icon = to === "flow" ? ClipboardList : MessageSquareReply;
  return (
    <p className="bubble-label">
      <Icon size={14} aria-hidden="true" />
      {said.answerText(to)}
    </p>
  );
}

/** What belongs to an answer besides its title. */
function Given({ answer }: { answer: Of<"answer"> }) {
  return (
    <>
      {answer.description !== null && <p className="given">{answer.description}</p>}
      {answer.fields.length > 0 && (
        <dl className="piece given-fields">
          {answer.fields.map((field) => (
            <div key={field.name}>
              <dt>{field.name}</dt>
              <dd>{field.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** What the customer was given to choose from. */
function Menu({ menu }: { menu: Of<"menu"> }) {
  return (
    <>
      {menu.button !== null && (
        <p className="bubble-label">
          <List size={14} aria-hidden="true" />
          {menu.button}
        </p>
      )}
      {said.sectionsOf(menu.options).map(({ section, options }) => (
        <div key={options[0]?.id} className="menu-section">
          {section !== null && <p className="piece-title">{section}</p>}
          <ul className={menu.button === null ? "options-shown" : undefined}>
            {options.map((option) => (
              <li key={option.id}>
                <p>{option.title}</p>
                {option.description !== null && <p className="given">{option.description}</p>}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

function Order({ order }: { order: Of<"order"> }) {
  const total = said.orderTotal(order.items);
  return (
    <Piece icon={ShoppingCart} title={m.type_order()}>
      <ul className="order">
        {order.items.map((item, index) => (
          <li key={index.toString()}>
            <OrderLine item={item} />
          </li>
        ))}
      </ul>
      {total !== null && (
        <p className="order-total">
          {m.order_total()}{" "}
          <span className="number">{said.moneyText(total.amount, total.currency)}</span>
        </p>
      )}
    </Piece>
  );
}

function OrderLine({ item }: { item: Of<"order">["items"][number] }) {
  const sum = said.lineTotal(item);
  const quantity = said.quantityText(item.quantity);
  const price = item.price === null ? "" : said.moneyText(item.price, item.currency);
  return (
    <>
      <span className="order-product">{item.product}</span>
      {sum !== null && <span className="number">{said.moneyText(sum, item.currency)}</span>}
      <span className="order-pieces">
        {quantity !== "" && `${quantity} × `}
        {price}
      </span>
    </>
  );
}
