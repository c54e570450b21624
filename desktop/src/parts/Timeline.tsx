/** The steps of a task in words: what, when, who and why. Loaded when it is opened. */
import { ChevronRight } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import { server } from "../server";
import { stepWords } from "../text/steps";
import { dateText, dayOf, exactTimeText } from "../text/words";
import type { Step, TaskView } from "../views";

export function Timeline({ task }: { task: TaskView }) {
  const [open, setOpen] = useState(false);
  return (
    <section className="timeline" aria-label={m.timeline()}>
      <h3>
        <Button
          className="disclosure"
          aria-expanded={open}
          aria-controls="timeline"
          onPress={() => setOpen(!open)}
        >
          <ChevronRight size={16} aria-hidden="true" />
          {m.timeline()}
        </Button>
      </h3>
      <div id="timeline" hidden={!open}>
        {open && <Steps task={task.id} version={task.version} />}
      </div>
    </section>
  );
}

interface Loaded {
  steps: Step[] | null;
  failed: boolean;
  /** What was asked for; anything else is still on its way. */
  asked: string;
}

/** The steps as they are now; asked for again whenever the task has changed. */
function Steps({ task, version }: { task: string; version: number }) {
  const [loaded, setLoaded] = useState<Loaded>({ steps: null, failed: false, asked: "" });
  const [tries, setTries] = useState(0);
  const asking = `${version} ${tries}`;
  useEffect(() => {
    let wanted = true;
    void server.timeline(task).then(({ data, problem }) => {
      if (!wanted) return;
      const failed = problem !== undefined;
      setLoaded(({ steps }) => ({ steps: data ?? steps, failed, asked: asking }));
    });
    return () => {
      wanted = false;
    };
  }, [task, asking]);
  const { steps, failed, asked } = loaded;
  if (failed) {
    return (
      <div className="row" role="status">
        <p className="muted">{m.timeline_failed()}</p>
        <Button className="button small" onPress={() => setTries(tries + 1)}>
          {m.try_again()}
        </Button>
      </div>
    );
  }
  if (steps === null) return <p className="muted">{m.loading()}</p>;
  return (
    <ol className="steps" aria-busy={asked !== asking}>
      {placed(steps).map(({ step, place, dated }) => (
        <Line key={place} step={step} dated={dated} />
      ))}
    </ol>
  );
}

/** Steps by their place, which they keep for ever; the first of a new day shows its date. */
function placed(steps: readonly Step[]) {
  return steps.map((step, place) => {
    const before = steps[place - 1];
    return { step, place, dated: before !== undefined && dayOf(before.at) !== dayOf(step.at) };
  });
}

function Line({ step, dated }: { step: Step; dated: boolean }) {
  const { text, who, why, note } = stepWords(step);
  const more = [who, why].filter((each) => each !== null).join(" · ");
  return (
    <li>
      <time className="muted number" dateTime={step.at}>
        {dated && `${dateText(step.at)} `}
        {exactTimeText(step.at)}
      </time>
      <p>{text}</p>
      {more !== "" && <p className="muted">{more}</p>}
      {note !== null && <p className="line-note">{note}</p>}
    </li>
  );
}
