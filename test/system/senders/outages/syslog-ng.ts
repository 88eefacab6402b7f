/** syslog-ng of Debian, with what its pages say: over HTTP with a buffer on disk, and over syslog. It reads lines of a file. */

import { appendFileSync, existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OutageSender, Speaking } from "./outage.ts";
import { MAY_BE_LOST_OR_TWICE, ONCE } from "./outage.ts";
import { KEPT, Program, pasted, prepared } from "./program.ts";
import type { Place } from "./trouble.ts";

const PACKAGES = ["syslog-ng-core", "syslog-ng-mod-http", "libnet1", "libivykis0", "libwrap0", "libpcre3"] as const;
const FOLDER = join(KEPT, "syslog-ng");
const ROOT = join(FOLDER, "root");

function unpack(): string | undefined {
  if (existsSync(join(ROOT, "usr/sbin/syslog-ng"))) return undefined;
  const failed = prepared(FOLDER, ["apt-get", "download", ...PACKAGES]);
  if (failed !== undefined) return failed;
  for (const file of globSync("*.deb", { cwd: FOLDER })) {
    const broken = prepared(FOLDER, ["dpkg", "-x", file, ROOT]);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

/** @param destination a whole block of its configuration, and the name that it gives */
function start(place: Place, name: string, destination: string): Speaking | string {
  const failed = unpack();
  if (failed !== undefined) return failed;
  const state = place.world.path(`syslog-ng-${name}`);
  mkdirSync(state);
  const source = join(state, "app.log");
  writeFileSync(source, "");
  writeFileSync(
    join(state, "syslog-ng.conf"),
    `@version: 3.38
options { time-reopen(1); };
source s_src { file("${source}" follow-freq(0.1) flags(no-parse)); };
${destination}
`,
  );
  const at = (file: string): string => join(state, file);
  const libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
  const program = new Program(
    [
      join(ROOT, "usr/sbin/syslog-ng"),
      "--foreground",
      "--no-caps",
      "--cfgfile",
      at("syslog-ng.conf"),
      "--persist-file",
      at("persist"),
      "--pidfile",
      at("pid"),
      "--control",
      at("ctl"),
      "--module-path",
      join(ROOT, "usr/lib/syslog-ng/3.38"),
    ],
    { LD_LIBRARY_PATH: libraries.map((path) => join(ROOT, path)).join(":") },
    state,
  );
  return {
    say: (line) => {
      if (program.child.exitCode !== null) throw new Error(`expected syslog-ng to run, it ended: ${program.output}`);
      appendFileSync(source, `${line}\n`);
    },
    stop: () => program.stop(),
  };
}

export const SYSLOG_NG: readonly OutageSender[] = [
  {
    name: "syslog-ng http() with its buffer on disk",
    format: "logs",
    fates: { killed: ONCE, hanging: ONCE, full: ONCE },
    start: async (place) => {
      const paste = pasted("syslog-ng-http", place);
      return start(place, "http", `${paste}\nlog { source(s_src); destination(holdfast); };`);
    },
  },
  {
    name: "syslog-ng syslog() over TCP with its buffer on disk",
    format: "syslog",
    // What the service had read, and what was written into a connection that was gone already.
    fates: { killed: MAY_BE_LOST_OR_TWICE, hanging: ONCE, full: ONCE },
    start: async (place) => {
      // Without TLS, for there is no certificate here; else as it is said.
      const paste = pasted("syslog-ng", place)
        .replace("port(6514)", `port(${place.syslogPort})`)
        .replace(/transport\("tls"\) tls\([^)]*\)\)/, 'transport("tcp")');
      return start(place, "syslog", paste);
    },
  },
];
