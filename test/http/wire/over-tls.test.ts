/** All that is promised of connections holds over TLS, too: the same tests, run again with a certificate. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { authority, folderFor, issue } from "../../net/tls/certificates.ts";
import { TLS_FILES, TLS_FOLDER } from "./transport.ts";

const run = promisify(execFile);

for (const name of ["answers", "connections", "encodings", "framing", "request-gate", "slow"]) {
  test(`what ${name}.test.ts says holds over TLS`, async (t) => {
    const put = folderFor(t);
    const ca = authority();
    const own = issue({ name: "the service", issuer: ca });
    const trusted = put(TLS_FILES.ca, ca.cert);
    put(TLS_FILES.cert, own.cert);
    put(TLS_FILES.key, own.key);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const file = join(import.meta.dirname, `${name}.test.ts`);
    const more = { [TLS_FOLDER]: dirname(trusted), NODE_EXTRA_CA_CERTS: trusted };
    const options = { env: { ...env, ...more }, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", file], options).catch((error) =>
      assert.fail(`${error.stdout}`),
    );
    assert.match(stdout, /^# pass [1-9]/m);
  });
}
