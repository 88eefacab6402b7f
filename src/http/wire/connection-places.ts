/** How many connections a process has places for: each takes an open file, and the store must never be without one. */

/**
 * At most half of the files that the process may have open.
 * @param wanted when there are more
 */
export function placesFor(wanted: number): number {
  const { report } = process;
  if (report === undefined) return wanted;
  // The names of networks are looked up otherwise, which can take seconds.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as { readonly userLimits?: Limits };
  const files = userLimits?.open_files?.soft;
  return typeof files === "number" ? Math.min(wanted, Math.floor(files / 2)) : wanted;
}

/** As process.report spells them; Windows has none. */
type Limits = { readonly open_files?: { readonly soft: number | "unlimited" } };
