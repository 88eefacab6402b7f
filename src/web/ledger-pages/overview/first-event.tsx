/** An empty ledger: what to do now. The command to paste, and for those who may write, a button that does it. */

import { useState } from "preact/hooks";
import { LEDGER_DEFAULT } from "../../../net/service-defaults.ts";
import { Command } from "../../parts/command.tsx";
import { ledgerPath, serviceUrl } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { useMay, useReadOnly } from "../live/own-key.ts";
import { routeHash } from "../route.ts";
import { useSession } from "../session.tsx";

function firstEvent(): Record<string, unknown> {
  return {
    action: "ledger.tried",
    time: new Date().toISOString(),
    actor: { type: "user", id: "me" },
    targets: [{ type: "ledger", id: LEDGER_DEFAULT }],
    outcome: "success",
    message: "My first event",
  };
}

function curl(ledger: string): string {
  const event = JSON.stringify({
    action: "user.login",
    time: new Date().toISOString(),
    actor: { type: "user", id: "u1" },
  });
  return [
    `curl ${serviceUrl(ledgerPath(ledger, "/events"))} \\`,
    '  -H "Authorization: Bearer $(cat data/admin.key)" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${event}'`,
  ].join("\n");
}

type Props = { readonly ledger: string; readonly onSent: () => void };

export function FirstEvent({ ledger, onSent }: Props) {
  const { client } = useSession();
  const may = useMay("append");
  const isReadOnly = useReadOnly();
  const [error, setError] = useState<Error | undefined>(undefined);
  // Made once: a text that changes every second cannot be selected.
  const [command] = useState(() => curl(ledger));
  const send = () => {
    client
      .post(ledgerPath(ledger, "/events"), { ...firstEvent(), targets: [{ type: "ledger", id: ledger }] })
      .then(onSent, (cause: Error) => setError(cause));
  };
  if (isReadOnly) {
    return (
      <section class="empty">
        <h2>No events</h2>
        <p class="muted">None came with it, and none is recorded in it here.</p>
      </section>
    );
  }
  return (
    <section class="empty">
      <h2>No events yet</h2>
      <p>
        Send a first one. The answer is its proof: index, path to the root, and the ledger’s signature. It appears here
        at once.
      </p>
      <Command text={command} />
      <p class="row">
        {client.hasKey && may === false ? (
          <span class="muted small">Your key may read and not append: that needs one with the role writer.</span>
        ) : client.hasKey ? (
          <>
            <span class="muted small">or, with the key you signed in with,</span>
            <button type="button" class="button" onClick={send}>
              Send a test event
            </button>
          </>
        ) : (
          <a class="button" href={routeHash({ ledger, page: "sign-in" })}>
            Sign in
          </a>
        )}
      </p>
      <Trouble error={error} />
    </section>
  );
}
