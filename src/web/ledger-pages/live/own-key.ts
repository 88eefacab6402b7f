/**
 * What the reader may do, so that nothing is offered which the service would refuse.
 * Why: docs/decisions/0192.
 */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { OwnKeyAnswer } from "../answers.ts";
import { useSession } from "../session.tsx";
import { usePath } from "./polling.ts";

const KEY_MS = 60_000;

/** The key that the reader signed in with; undefined until it is known, and without one. */
export function useOwnKey(): OwnKeyAnswer | undefined {
  const { client } = useSession();
  const { value } = usePath<OwnKeyAnswer>(client.hasKey ? "/v1/key" : undefined, KEY_MS);
  // The answer outlasts the key for a moment, in which what the key allowed would be asked for without one.
  return client.hasKey ? value : undefined;
}

/** What pages ask about, of the permissions that the service has. */
type Asked =
  | "append"
  | "read"
  | "rulesWrite"
  | "keysWrite"
  | "retentionWrite"
  | "retentionShorten"
  | "holdsRead"
  | "holdsPlace"
  | "holdsLift"
  | "erasuresRead"
  | "auditsBegin"
  | "alertsRead"
  | "alertsHandle"
  | "encryption";

/** What records something in the ledger. */
const RECORDING: readonly Asked[] = [
  "append",
  "rulesWrite",
  "retentionWrite",
  "retentionShorten",
  "holdsPlace",
  "holdsLift",
];

/** Whether the ledger of the page is here to be read. */
export const ReadOnlyContext = createContext(false);

export function useReadOnly(): boolean {
  return useContext(ReadOnlyContext);
}

/**
 * Whether the reader may do this; undefined until it is known. What records something is undefined for a ledger that is here to be read as well:
 * whatever the key, nobody may, and the head of the page says so.
 */
export function useMay(permission: Asked): boolean | undefined {
  const own = useOwnKey();
  const isReadOnly = useReadOnly();
  if (isReadOnly && RECORDING.includes(permission)) return undefined;
  return own?.permissions.includes(permission);
}
