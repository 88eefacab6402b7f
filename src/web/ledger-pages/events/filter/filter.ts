/** The filter of the events page: its fields, as they stand in the address and as the API takes them. */

/** Fields of text; the API's names. */
export const TEXT_FIELDS = ["action", "actor", "target", "source", "text"] as const;
/** How an event came: asked for less often. */
export const ORIGIN_FIELDS = ["format", "key"] as const;
export const OUTCOMES = ["success", "failure", "denied", "unknown"] as const;
const FIELDS = [...TEXT_FIELDS, ...ORIGIN_FIELDS, "outcome", "quarantined", "since", "until"] as const;
export type FilterField = (typeof FIELDS)[number];
export type UrlFilter = Readonly<Partial<Record<FilterField, string>>>;

/** Reads a filter; what is empty or unknown is left out. */
export function filterOf(query: URLSearchParams): UrlFilter {
  const filter: Partial<Record<FilterField, string>> = {};
  for (const field of FIELDS) {
    const value = query.get(field)?.trim() ?? "";
    if (value !== "") filter[field] = isTime(field) ? localInstant(value) : value;
  }
  return filter;
}

/**
 * Parameters of an address that these fields cannot hold, with their values: a list without them would show more than was
 * asked for.
 */
export function notHeld(query: URLSearchParams): string[] {
  const isHeld = (name: string, place: number, names: readonly string[]) =>
    FIELDS.some((field) => field === name) && names.indexOf(name) === place;
  const names = [...query.keys()];
  return [...query].filter(([name], place) => !isHeld(name, place, names)).map(([name, value]) => `${name}=${value}`);
}

export function isEmpty(filter: UrlFilter): boolean {
  return Object.keys(filter).length === 0;
}

/** A filter for the address, always in the same order. */
export function filterQuery(filter: UrlFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const field of FIELDS) if (filter[field] !== undefined) query.set(field, filter[field]);
  return query;
}

/** Times are typed without a zone and mean UTC: 2026-11-23T18:07, as the browser's field for times gives them. */
function instant(text: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : /Z$/.test(text) ? text : `${text}Z`;
}

function isTime(field: FilterField): boolean {
  return field === "since" || field === "until";
}

/** A time of the API as the browser's field for times takes it, where it can hold it. */
function localInstant(text: string): string {
  return /^(\d{4}-\d\d-\d\dT\d\d:\d\d):00(?:\.0+)?Z$/.exec(text)?.[1] ?? text;
}

/** A filter as parameters of the API. */
export function filterParameters(filter: UrlFilter): URLSearchParams {
  const query = filterQuery(filter);
  for (const name of ["since", "until"] as const) {
    if (filter[name] !== undefined) query.set(name, instant(filter[name]));
  }
  return query;
}
