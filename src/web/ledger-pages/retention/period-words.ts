/** A period of ISO 8601 in words: "P6Y" is "6 years"; knows nothing of a browser. */

const FORM = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const UNITS = ["year", "month", "week", "day", "hour", "minute", "second"];

/** As it is spelled, where it is none; undefined for none at all. */
export function periodWords(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const counts = FORM.exec(text)?.slice(1) ?? [];
  const words = UNITS.flatMap((unit, i) => {
    const count = counts[i];
    return count === undefined ? [] : [`${count} ${unit}${count === "1" ? "" : "s"}`];
  });
  return words.length === 0 ? text : words.join(", ");
}
