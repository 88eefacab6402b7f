/** What events are encrypted with: where the key is that wraps all others, which version is in force since when, and what is still under former ones. */

import { formatCount } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { When } from "../../parts/when.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import type { EncryptionAnswer } from "./retention-answers.ts";

const ENCRYPTION_MS = 10_000;
const PLACES: Readonly<Record<string, string>> = {
  file: "a file of the service",
  env: "a variable of the service",
  command: "a program of the operator",
  pkcs11: "a token of PKCS#11",
  vault: "a Vault",
  "aws-kms": "AWS KMS",
};

export function Encryption() {
  const may = useMay("encryption");
  const { value, error } = usePath<EncryptionAnswer>(may === true ? "/v1/encryption" : undefined, ENCRYPTION_MS);
  return (
    <section class="card stack tight wrapping">
      <h2>Encryption</h2>
      {may === false ? <p class="muted">A key of an administrator sees what events are encrypted with.</p> : null}
      <Trouble error={error} />
      {value === undefined ? null : <Status status={value} />}
    </section>
  );
}

function Status({ status }: { readonly status: EncryptionAnswer }) {
  const { isOn, wrappedBy, rotatedAt, subjects = 0, wraps = [] } = status;
  if (!isOn || wrappedBy === undefined) {
    return (
      <p>
        <Mark kind="warn">The store is not encrypted: events lie on the disk as they came</Mark>
      </p>
    );
  }
  const isInForce = (each: { readonly id: string; readonly version: string }) =>
    each.id === wrappedBy.id && each.version === wrappedBy.version;
  const former = wraps.filter((each) => !isInForce(each)).reduce((sum, { keys }) => sum + keys, 0);
  const kind = wrappedBy.id.split(":")[0] ?? "";
  return (
    <>
      <p>
        <Mark kind="good">Events are encrypted, each subject’s with a key of its own</Mark>
      </p>
      <dl class="facts">
        <dt>the key that wraps them is in</dt>
        <dd>
          {PLACES[kind] ?? kind} <code>{wrappedBy.id}</code>
        </dd>
        <dt>version in force</dt>
        <dd>
          {wrappedBy.version}
          {rotatedAt === undefined ? null : (
            <>
              , since <When ms={rotatedAt} zone />
            </>
          )}
        </dd>
        <dt>keys of subjects</dt>
        <dd>{formatCount(subjects)}</dd>
        <dt>wrapped by former versions</dt>
        <dd>{former === 0 ? "none" : `${formatCount(former)}: npx holdfast encryption rewrap wraps them anew`}</dd>
      </dl>
    </>
  );
}
