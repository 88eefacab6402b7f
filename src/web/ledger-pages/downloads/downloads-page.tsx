/** What can be taken away: the page that verifies, one bundle, a set of them. All of it works without this service. */

import { useEffect, useState } from "preact/hooks";
import { readValues, spellValue } from "../../../entry/spelled-value.ts";
import { toHex, utf8 } from "../../../merkle/bytes.ts";
import { sha256 } from "../../../merkle/hash.ts";
import { formatBytes, formatCount } from "../../parts/format.ts";
import { Hash } from "../../parts/hash.tsx";
import { Icon } from "../../parts/icon.tsx";
import type { LedgerAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { routeHash } from "../route.ts";
import { useSession } from "../session.tsx";
import { SET_MAX } from "./evidence-set.ts";
import { saveText } from "./save.ts";
import { SetButton } from "./set-button.tsx";

function VerifyPageCard() {
  const { client } = useSession();
  const [page, setPage] = useState<{ readonly digest: string; readonly bytes: number } | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    client.text("/verify.html", stop.signal).then(
      (text) => {
        const bytes = utf8(text);
        setPage({ digest: toHex(sha256(bytes)), bytes: bytes.length });
      },
      () => setPage(undefined),
    );
    return () => stop.abort();
  }, [client]);
  return (
    <section class="card stack tight">
      <h2>verify.html</h2>
      <p>
        The whole verifier in one file{page === undefined ? "" : ` of ${formatBytes(page.bytes)}`}. Keep it, mail it,
        open it from a disk without a network. It never asks this service anything.
      </p>
      <div class="row">
        <a class="button primary" href="verify.html" download="verify.html">
          <Icon name="down" />
          Download
        </a>
        <a class="button" href="verify.html" target="_blank" rel="noreferrer">
          <Icon name="out" />
          Open
        </a>
      </div>
      {page === undefined ? null : (
        <dl class="facts">
          <dt>SHA-256</dt>
          <dd>
            <Hash value={page.digest} what="SHA-256 of verify.html" />
          </dd>
        </dl>
      )}
      <p class="small muted">
        Do not take it from somebody whose records you check: build it from the source (
        <code>scripts/build-web.ts</code>) and compare. The same source gives the same bytes.
      </p>
    </section>
  );
}

type NumberProps = {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
};

function NumberField({ id, label, value, onValue }: NumberProps) {
  return (
    <div class="field narrow">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        inputMode="numeric"
        autocomplete="off"
        value={value}
        onInput={(event) => onValue(event.currentTarget.value.replace(/\D/g, ""))}
      />
    </div>
  );
}

function BundleCard({ ledger }: { readonly ledger: LedgerAnswer }) {
  const { client } = useSession();
  const [index, setIndex] = useState(String(Math.max(0, ledger.size - 1)));
  const [omit, setOmit] = useState("");
  const [error, setError] = useState<Error | undefined>(undefined);
  const download = async () => {
    const names = readValues(omit).map((name) => name.trim());
    const named = names.filter((name) => name !== "").map(spellValue);
    const query = named.length === 0 ? "" : `?${new URLSearchParams({ omit: named.join(",") })}`;
    const text = await client.text(ledgerPath(ledger.name, `/events/${index}/bundle${query}`));
    saveText(`${ledger.name}-${index}.json`, text);
    setError(undefined);
  };
  return (
    <section class="card stack tight">
      <h2>One bundle</h2>
      <p>
        Everything that proves one event, in one JSON file. Members that you withhold are replaced by their digests.
      </p>
      <form
        class="row end"
        onSubmit={(event) => {
          event.preventDefault();
          download().catch((cause: Error) => setError(cause));
        }}
      >
        <NumberField id="bundle-index" label="Entry" value={index} onValue={setIndex} />
        <div class="field grow">
          <label for="bundle-omit">Members to withhold</label>
          <input
            id="bundle-omit"
            class="input"
            autocomplete="off"
            spellcheck={false}
            placeholder="context, metadata"
            value={omit}
            onInput={(event) => setOmit(event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="button" disabled={index === ""}>
          <Icon name="down" />
          Download
        </button>
      </form>
      <Trouble error={error} />
    </section>
  );
}

function SetCard({ ledger }: { readonly ledger: LedgerAnswer }) {
  const [first, setFirst] = useState("0");
  const [last, setLast] = useState(String(Math.max(0, Math.min(ledger.size, 100) - 1)));
  const count = Math.max(0, Math.min(Number(last), ledger.size - 1) - Number(first) + 1);
  const fits = first !== "" && last !== "" && count > 0 && count <= SET_MAX;
  const indexes = fits ? Array.from({ length: count }, (_, i) => Number(first) + i) : [];
  return (
    <section class="card stack tight">
      <h2>An evidence set</h2>
      <p>
        Many bundles in one file that notices when it was cut. For what a filter finds, use the button below the{" "}
        <a href={routeHash({ ledger: ledger.name, page: "events" })}>events</a>.
      </p>
      <div class="row end">
        <NumberField id="set-first" label="From entry" value={first} onValue={setFirst} />
        <NumberField id="set-last" label="to entry" value={last} onValue={setLast} />
        <span class={fits ? "muted small set-count" : "bad small set-count"}>
          {fits ? `${formatCount(count)} bundles` : `1 to ${formatCount(SET_MAX)} entries, please`}
        </span>
      </div>
      <SetButton ledger={ledger} indexes={indexes} />
    </section>
  );
}

export function DownloadsPage({ ledger }: { readonly ledger: LedgerAnswer }) {
  const { client } = useSession();
  return (
    <div class="stack">
      <div class="lead">
        <h1>Take it with you</h1>
        <p class="muted">What these files prove, they prove without this service, and after it.</p>
      </div>
      <div class="thirds">
        <VerifyPageCard />
        {client.hasKey && ledger.size > 0 ? (
          <>
            <BundleCard ledger={ledger} />
            <SetCard ledger={ledger} />
          </>
        ) : null}
      </div>
    </div>
  );
}
