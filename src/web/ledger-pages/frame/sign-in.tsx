/** Signing in: an API key, tried once and then kept by this tab only. */

import { useState } from "preact/hooks";
import { Command } from "../../parts/command.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import type { LedgersAnswer } from "../answers.ts";
import { Client } from "../client.ts";
import type { Route } from "../route.ts";
import { goTo } from "../router.ts";
import { useSession } from "../session.tsx";

type FieldProps = { readonly value: string; readonly isWrong: boolean; readonly onValue: (key: string) => void };

function KeyField({ value, isWrong, onValue }: FieldProps) {
  return (
    <div class="field">
      <label for="api-key">API key</label>
      <input
        id="api-key"
        class="input mono"
        type="password"
        autocomplete="off"
        spellcheck={false}
        placeholder="hf_…"
        value={value}
        aria-invalid={isWrong}
        aria-describedby="api-key-hint"
        onInput={(event) => onValue(event.currentTarget.value.trim())}
      />
      <span class="hint" id="api-key-hint">
        Kept by this tab until it is closed, and sent to this service only.
      </span>
    </div>
  );
}

/** @param route where the reader wanted to go; after the sign-in page itself that is the overview */
export function SignIn({ route }: { readonly route: Route }) {
  const { signIn, reason } = useSession();
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState(reason);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      const { ledgers } = await new Client(key).json<LedgersAnswer>("/v1/ledgers");
      signIn(key);
      const known = ledgers.some(({ name }) => name === route.ledger);
      if (known && route.page !== "sign-in") return;
      goTo({ ledger: known ? route.ledger : (ledgers[0]?.name ?? route.ledger), page: "overview" });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card sign-in stack">
      <h1>Sign in</h1>
      <form
        class="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <KeyField value={key} isWrong={problem !== undefined} onValue={setKey} />
        {problem === undefined ? null : (
          <p class="note bad" role="alert">
            <span class="bad">
              <MarkShape kind="bad" />
            </span>
            {problem}
          </p>
        )}
        <div>
          <button type="submit" class="button primary" disabled={key === "" || busy}>
            Sign in
          </button>
        </div>
      </form>
      <div class="stack tight">
        <p class="small muted">The first start wrote a key that may do everything into the data folder:</p>
        <Command text="cat data/admin.key" />
        <p class="small muted">Make others for other people, with the role reader or auditor:</p>
        <Command text={"npx holdfast keys add \\\n  --source ada --role reader"} />
      </div>
    </section>
  );
}
