/** Hands the reader a text as a file. */

/** @param name of the file, without a folder */
export function saveText(name: string, text: string): void {
  const type = name.endsWith(".ndjson") ? "application/x-ndjson" : "application/json";
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of the blob by then; without this it would stay in memory with the page.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
