/** Which members of a stored entry go, by their names. */

/** The text that an event came as: it says again what any other member says. */
const RAW = "_raw";

/**
 * Whether a member goes, told by its text.
 * @param names all members when absent
 */
export function goesByName(names: readonly string[] | undefined): (text: string) => boolean {
  if (names === undefined) return () => true;
  const beginnings = [...names, RAW].map((name) => `${JSON.stringify(name)}:`);
  return (text) => beginnings.some((beginning) => text.startsWith(beginning));
}
