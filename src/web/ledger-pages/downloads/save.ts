/** Hands the reader a text as a file. */

/** @param name of the file, without a folder */
export function saveText(name: string, text: string): void {
  const type = name.endsWith(".ndjson") ? "application/x-ndjson" : "application/json";
  saveBlob(name, new Blob([text], { type }));
}

/** Hands the reader a file. @param name of it, without a folder */
export function saveBlob(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of the blob by then; without this it would stay in memory with the page.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
