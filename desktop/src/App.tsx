/** Which page there is, in which language. */
import { useEffect } from "react";
import { I18nProvider } from "react-aria-components";
import { useStore } from "zustand";
import { language } from "./locale";
import { DeskPage } from "./pages/Desk";
import { ClosedPage, OtherRolePage, WaitingPage } from "./pages/plain";
import { SignInPage } from "./pages/SignIn";
import { checkSession, session } from "./session";

export function App() {
  const { locale } = useStore(language);
  useEffect(() => void checkSession(), []);
  return (
    <I18nProvider locale={locale}>
      <Page />
    </I18nProvider>
  );
}

function Page() {
  const { phase, person, closed } = useStore(session);
  if (phase === "closed" && closed) return <ClosedPage code={closed} />;
  if (phase === "signed-out") return <SignInPage />;
  if (phase === "checking" || person === null) return <WaitingPage />;
  return person.agent ? <DeskPage person={person.id} /> : <OtherRolePage person={person} />;
}
