/** Making keys: whether the reader may, and doing it. */

import { useState } from "preact/hooks";
import type { KeysAnswer, NewKeyAnswer } from "../answers.ts";
import { isRefusal } from "../client.ts";
import { usePath } from "../live/polling.ts";
import { useSession } from "../session.tsx";

const ROLES_MS = 60_000;

/** Whether the key that the reader signed in with may make and end keys; undefined until that is known. */
export function useMayMakeKeys(): boolean | undefined {
  const { client } = useSession();
  const keys = usePath<KeysAnswer>("/v1/keys", ROLES_MS);
  if (isRefusal(keys.error)) return false;
  const own = keys.value?.keys.find(({ id }) => id === client.keyId);
  if (own === undefined) return undefined;
  return own.roles.includes("admin") && own.ledgers === undefined;
}

/** What is asked of a new key; it may append to one ledger and do nothing else. */
export type KeyWish = {
  readonly source: string;
  readonly ledger: string;
  readonly note: string;
  /** Days until it ends; 0 for never. */
  readonly days: number;
  /** Whether its sender signs, and so needs a secret beside it. */
  readonly signs: boolean;
};

const DAY_MS = 86_400_000;

export type KeyMaking = {
  readonly busy: boolean;
  readonly error: Error | undefined;
  readonly make: (wish: KeyWish, onMade: (made: NewKeyAnswer) => void) => void;
};

/** One key at a time: who presses twice gets one. */
export function useKeyMaking(): KeyMaking {
  const { client } = useSession();
  const [state, setState] = useState<{ busy: boolean; error: Error | undefined }>({ busy: false, error: undefined });
  const make: KeyMaking["make"] = ({ source, ledger, note, days, signs }, onMade) => {
    if (state.busy) return;
    setState({ busy: true, error: undefined });
    const body = {
      source,
      roles: ["writer"],
      ledgers: [ledger],
      ...(note !== "" && { note }),
      ...(signs && { webhookSecret: true }),
      ...(days > 0 && { expiresAt: Date.now() + days * DAY_MS }),
    };
    client.post<NewKeyAnswer>("/v1/keys", body).then(
      (made) => {
        setState({ busy: false, error: undefined });
        onMade(made);
      },
      (error: Error) => setState({ busy: false, error }),
    );
  };
  return { ...state, make };
}
