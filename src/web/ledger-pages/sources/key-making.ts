/** Making keys. */

import { useState } from "preact/hooks";
import type { NewKeyAnswer } from "../answers.ts";
import { useSession } from "../session.tsx";

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
