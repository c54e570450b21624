/** The way in. */
import { Eye, EyeOff } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { Button, Input, Label, TextField } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import { LanguageSelect, ThemeButton } from "../parts/choices";
import { server } from "../server";
import { signIn } from "../session";
import { problemText } from "../text/problems";
import type { Info, Named, Problem } from "../views";

type Account = NonNullable<Info["demo_accounts"]>[number];

/** What is asked beyond e-mail and password. */
interface Asked {
  teams: Named[];
  takeover: boolean;
  error: string;
}

const NOTHING: Asked = { teams: [], takeover: false, error: "" };

function askedBy(problem: Problem, before: Asked): Asked {
  if (problem.code === "choose-team") return { ...NOTHING, teams: problem.teams ?? [] };
  if (problem.code === "signed-in-elsewhere") return { ...before, takeover: true, error: "" };
  const wrong = problem.status === 401 ? m.problem_bad_credentials() : problemText(problem);
  return { ...before, takeover: false, error: wrong };
}

export function SignInPage() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [team, setTeam] = useState<string | null>(null);
  const [asked, setAsked] = useState(NOTHING);
  const [busy, setBusy] = useState(false);

  const attempt = async (mail: string, word: string, takeover: boolean) => {
    setBusy(true);
    const chosen = team ?? asked.teams[0]?.id ?? null;
    const problem = await signIn({ email: mail, password: word, team: chosen, takeover });
    setBusy(false);
    if (problem) setAsked((before) => askedBy(problem, before));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(email.trim(), password, false);
  };
  const asAccount = (account: Account) => {
    setEmail(account.email);
    setPassword(account.password);
    setAsked(NOTHING);
    void attempt(account.email, account.password, false);
  };
  return (
    <div className="entrance">
      <header className="entrance-choices">
        <LanguageSelect />
        <ThemeButton />
      </header>
      <main className="card entrance-card">
        <h1 className="brand">
          <img src="/icon.svg" alt="" width="32" height="32" />
          {m.product()}
        </h1>
        <form onSubmit={submit} aria-label={m.sign_in_title()}>
          <TextField
            className="field"
            type="email"
            value={email}
            onChange={setEmail}
            isRequired
            autoFocus
          >
            <Label>{m.email()}</Label>
            <Input className="input" autoComplete="username" />
          </TextField>
          <Password value={password} onChange={setPassword} />
          {asked.teams.length > 0 && (
            <TeamChoice teams={asked.teams} value={team} onChange={setTeam} />
          )}
          {asked.error !== "" && (
            <p className="error" role="alert">
              {asked.error}
            </p>
          )}
          {asked.takeover ? (
            <Takeover
              onYes={() => void attempt(email.trim(), password, true)}
              onNo={() => setAsked((before) => ({ ...before, takeover: false }))}
            />
          ) : (
            <Button type="submit" className="button primary wide" isDisabled={busy}>
              {busy ? m.signing_in() : m.sign_in()}
            </Button>
          )}
        </form>
        <DemoAccounts onChoose={asAccount} />
      </main>
    </div>
  );
}

function Password({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [shown, setShown] = useState(false);
  return (
    <TextField
      className="field"
      type={shown ? "text" : "password"}
      value={value}
      onChange={onChange}
      isRequired
    >
      <Label>{m.password()}</Label>
      <div className="input-row">
        <Input className="input" autoComplete="current-password" />
        <Button
          className="icon-button"
          aria-label={shown ? m.hide_password() : m.show_password()}
          onPress={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={18} aria-hidden="true" /> : <Eye size={18} aria-hidden="true" />}
        </Button>
      </div>
    </TextField>
  );
}

interface TeamProps {
  teams: Named[];
  value: string | null;
  onChange: (team: string) => void;
}

function TeamChoice({ teams, value, onChange }: TeamProps) {
  return (
    <label className="field">
      <span className="label">{m.team()}</span>
      <select
        className="select"
        // The form has just grown by this field, and it is the one thing left to answer.
        ref={(node) => node?.focus()}
        value={value ?? teams[0]?.id}
        onChange={(event) => onChange(event.target.value)}
      >
        {teams.map((team) => (
          <option key={team.id} value={team.id}>
            {team.name}
          </option>
        ))}
      </select>
      <span className="hint">{m.choose_team()}</span>
    </label>
  );
}

function Takeover({ onYes, onNo }: { onYes: () => void; onNo: () => void }) {
  return (
    <div
      className="question"
      role="alertdialog"
      aria-labelledby="takeover"
      aria-describedby="takeover-text"
    >
      <h2 id="takeover">{m.takeover_title()}</h2>
      <p id="takeover-text">{m.takeover_text()}</p>
      <div className="row">
        <Button className="button" onPress={onNo}>
          {m.cancel()}
        </Button>
        <Button className="button primary" autoFocus onPress={onYes}>
          {m.takeover_yes()}
        </Button>
      </div>
    </div>
  );
}

function DemoAccounts({ onChoose }: { onChoose: (account: Account) => void }) {
  const [accounts, setAccounts] = useState<Account[]>([]);
  useEffect(() => {
    void server.info().then(({ data }) => setAccounts(data?.demo_accounts ?? []));
  }, []);
  if (accounts.length === 0) return null;
  const roles = {
    agent: m.role_agent,
    supervisor: m.role_supervisor,
    administrator: m.role_administrator,
  };
  return (
    <section className="demo" aria-labelledby="demo">
      <h2 id="demo">{m.demo_accounts()}</h2>
      <ul>
        {accounts.map((account) => (
          <li key={account.email}>
            <Button className="button small" onPress={() => onChoose(account)}>
              {account.name} <span className="muted">{account.team ?? roles[account.role]()}</span>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
