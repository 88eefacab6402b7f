/** Who looks: the API key, kept by this tab until it is closed, and the client that uses it. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useMemo, useState } from "preact/hooks";
import { Client } from "./client.ts";

const KEY = "holdfast-key";

export type Session = {
  readonly client: Client;
  readonly signIn: (key: string) => void;
  /** @param reason shown at the next sign-in */
  readonly signOut: (reason?: string) => void;
  readonly reason: string | undefined;
};

const SessionContext = createContext<Session | undefined>(undefined);

export function SessionProvider({ children }: { readonly children: ComponentChildren }) {
  const [key, setKey] = useState(() => sessionStorage.getItem(KEY) ?? undefined);
  const [reason, setReason] = useState<string | undefined>(undefined);
  const session = useMemo<Session>(
    () => ({
      client: new Client(key),
      reason,
      signIn: (next) => {
        sessionStorage.setItem(KEY, next);
        setReason(undefined);
        setKey(next);
      },
      signOut: (why) => {
        sessionStorage.removeItem(KEY);
        setReason(why);
        setKey(undefined);
      },
    }),
    [key, reason],
  );
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("expected a SessionProvider around, got none");
  return session;
}
