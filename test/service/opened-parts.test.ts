/** Taking apart what was opened. */

import assert from "node:assert/strict";
import test from "node:test";
import { OpenedParts } from "../../src/service/opening/opened-parts.ts";

function stackThat(fails: readonly string[], closed: string[]): OpenedParts {
  const opened = new OpenedParts();
  for (const name of ["store", "ledgers", "server"]) {
    opened.defer(async () => {
      closed.push(name);
      if (fails.includes(name)) throw new Error(`${name} does not close`);
    });
  }
  return opened;
}

test("everything is closed, the newest first, whatever fails", async () => {
  for (const fails of [[], ["server"], ["store", "ledgers", "server"]]) {
    const closed: string[] = [];
    await stackThat(fails, closed)
      .closeAll()
      .catch(() => undefined);
    assert.deepEqual(closed, ["server", "ledgers", "store"], `${fails}`);
  }
});

test("one failure is thrown as it is, and several as one that has them all in the order in which they happened", async () => {
  await assert.rejects(stackThat(["ledgers"], []).closeAll(), { name: "Error", message: "ledgers does not close" });
  const all = stackThat(["store", "ledgers", "server"], []).closeAll();
  await assert.rejects(all, (error: AggregateError) => {
    assert.equal(error.message, "server does not close; ledgers does not close; store does not close");
    assert.equal(error.errors.length, 3);
    return true;
  });
});

test("what is closed is not closed again", async () => {
  const closed: string[] = [];
  const opened = stackThat([], closed);
  await opened.closeAll();
  await opened.closeAll();
  assert.equal(closed.length, 3);
});
