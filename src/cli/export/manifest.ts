/** What the trailer of an export is called that stands beside its file, where the format has no place for it. */

export const MANIFEST = ".holdfast.json";
