/** What stands on paper alone: what the page is about, and where an auditor signs it. */

import { formatTime } from "../../../parts/format.ts";
import type { LedgerAnswer } from "../../answers.ts";

type HeadProps = { readonly ledger: LedgerAnswer; readonly now: number };

export function PaperHead({ ledger: { name, id, owner, signer }, now }: HeadProps) {
  return (
    <section class="print-only paper-head">
      <h1>Integrity of the ledger “{name}”</h1>
      <dl class="facts">
        <dt>Printed</dt>
        <dd>{formatTime(now)} UTC</dd>
        <dt>Ledger</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Owner</dt>
        <dd>
          <code>{owner}</code>
        </dd>
        <dt>Signer</dt>
        <dd>
          <code>{signer}</code>
        </dd>
        <dt>Service</dt>
        <dd>{location.host}</dd>
      </dl>
      <p class="small">
        This paper proves nothing by itself: it is what the service said when it was printed. The signed report,
        verified elsewhere, is what counts.
      </p>
    </section>
  );
}

const LINES = ["Name", "For", "Place and date", "Signature"];

export function SignHere() {
  return (
    <section class="print-only sign-here">
      <h2>Looked at by</h2>
      <p class="small">
        ☐ the signed report was verified with a signer’s address from elsewhere &nbsp; ☐ what was not looked at is known
        and accepted
      </p>
      <dl>
        {LINES.map((line) => (
          <div key={line}>
            <dt>{line}</dt>
            <dd />
          </div>
        ))}
      </dl>
    </section>
  );
}
