/** Programs of Debian that judge what is ours. Where one is missing, what needs it is skipped, and says so. */

import { spawnSync } from "node:child_process";

/** Of which package each is. */
const PACKAGES = {
  promtool: "prometheus",
  prometheus: "prometheus",
  amtool: "prometheus-alertmanager",
  "prometheus-alertmanager": "prometheus-alertmanager",
} as const;
type Program = keyof typeof PACKAGES;

/** @returns why a test is skipped, or false when all are there */
export function without(...programs: readonly Program[]): string | false {
  const missing = programs.filter((name) => spawnSync(name, ["--version"]).status !== 0);
  if (missing.length === 0) return false;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  const why = `${missing.join(", ")} of Debian's ${packages.join(" and ")} is not installed here, so this was NOT checked`;
  process.stderr.write(`SKIPPED: ${why}\n`);
  return why;
}
