/** A program that appends to a spool until it is killed, and says of each event when it was told that it is accepted. */

import { writeSync } from "node:fs";
import { createClient } from "../../../src/sdk/client/index.ts";
import { openSpool } from "../../../src/sdk/spool/index.ts";

const [folder = "", url = "", prefix = ""] = process.argv.slice(2);
const spool = openSpool({ folder, bytesMax: 4 * 1024 * 1024 });
const client = createClient({ url, key: "hf_none", mode: "spool", spool });
for (let i = 0; ; i++) {
  const ids = [`${prefix}-${i}-a`, `${prefix}-${i}-b`];
  await client.append(
    ids.map((id) => ({ id, action: "a.b", actor: { type: "user", id: "u" }, message: "x".repeat((i * 997) % 5000) })),
  );
  writeSync(1, `${ids.join("\n")}\n`);
}
