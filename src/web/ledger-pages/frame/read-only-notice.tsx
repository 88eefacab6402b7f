/** Above the pages of a ledger that is here to be read: what that means, before somebody looks for what is not offered. */

import { Icon } from "../../parts/icon.tsx";

export function ReadOnlyNotice() {
  return (
    <p class="note read-only">
      <Icon name="file" />
      <span>
        <b>This ledger is here to be read.</b> It was imported, or restored from archives: it shows and proves what it
        has, and nothing is recorded in it. It goes on where it came from, or in a successor.
      </span>
    </p>
  );
}
