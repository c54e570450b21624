/**
 * A search field over a list that is always open. The focus stays in the field: arrows move in the
 * list, Enter chooses, and Enter on what is chosen already goes on with it.
 */
import { Search } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import { m } from "../paraglide/messages.js";
import { matching, stepFrom } from "../targets";

interface Entry {
  id: string;
  name: string;
}

interface Props<T extends Entry> {
  /** Begins the ids of the field's list and its options. */
  id: string;
  label: string;
  hint: string;
  entries: readonly T[];
  chosen: string | null;
  onChoose: (entry: T) => void;
  onSubmit: () => void;
  /** Whether an arrow chooses what it moves to. */
  arrowsChoose?: boolean;
  field: RefObject<HTMLInputElement | null>;
  /** What stands beside the field. */
  beside?: ReactNode;
  /** What stands beside an entry's name. */
  mark: (entry: T) => ReactNode;
  /** What is said where nothing is found. */
  nothing: string;
}

/** The entry that Enter means, and the keys of the field. */
function useKeys<T extends Entry>(props: Props<T>, found: readonly T[], wanted: string) {
  const { chosen, onChoose, onSubmit, arrowsChoose = false } = props;
  const [moved, setMoved] = useState<string | null>(null);
  const here = arrowsChoose ? chosen : moved;
  // What is looked for is surely wanted: Enter means the first of what was found.
  const first = wanted.trim() === "" && !arrowsChoose ? null : (found[0]?.id ?? null);
  const active = found.some((each) => each.id === here) ? here : first;
  const choose = (entry: T) => {
    setMoved(entry.id);
    onChoose(entry);
  };
  const enter = () => {
    const entry = found.find((each) => each.id === active);
    if (entry && entry.id === chosen) onSubmit();
    else if (entry) choose(entry);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const from = arrowsChoose ? chosen : active;
      const next = stepFrom(found, from, event.key === "ArrowDown" ? 1 : -1);
      if (next && arrowsChoose) choose(next);
      else if (next) setMoved(next.id);
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) enter();
  };
  return { active: arrowsChoose ? chosen : active, choose, onKeyDown };
}

export function SearchList<T extends Entry>(props: Props<T>) {
  const { id, entries, chosen, field } = props;
  const [wanted, setWanted] = useState("");
  const found = matching(entries, wanted);
  const { active, choose, onKeyDown } = useKeys(props, found, wanted);
  const shown = found.some((each) => each.id === active);
  return (
    <div className="search-list">
      <div className="search-row">
        <div className="search">
          <Search size={16} aria-hidden="true" />
          <input
            ref={field}
            className="input"
            type="search"
            role="combobox"
            aria-expanded="true"
            aria-controls={id}
            aria-activedescendant={shown ? `${id}-${active}` : undefined}
            aria-label={m.search()}
            placeholder={props.hint}
            autoComplete="off"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </div>
        {props.beside}
      </div>
      <div id={id} role="listbox" aria-label={props.label} className="options">
        {found.map((entry) => (
          <Option
            key={entry.id}
            id={`${id}-${entry.id}`}
            name={entry.name}
            mark={props.mark(entry)}
            isChosen={entry.id === chosen}
            isActive={entry.id === active}
            onChoose={() => choose(entry)}
          />
        ))}
      </div>
      {found.length === 0 && (
        <p className="muted" role="status">
          {props.nothing}
        </p>
      )}
    </div>
  );
}

interface OptionProps {
  id: string;
  name: string;
  mark: ReactNode;
  isChosen: boolean;
  isActive: boolean;
  onChoose: () => void;
}

function Option({ id, name, mark, isChosen, isActive, onChoose }: OptionProps) {
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) node.current?.scrollIntoView({ block: "nearest" });
  }, [isActive]);
  return (
    <div
      ref={node}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      className={isActive ? "option active" : "option"}
      onPointerDown={(event) => event.preventDefault()}
      onClick={onChoose}
      onKeyDown={(event) => event.key === "Enter" && onChoose()}
    >
      <span className="option-name">{name}</span>
      {mark && <span className="option-mark">{mark}</span>}
    </div>
  );
}
