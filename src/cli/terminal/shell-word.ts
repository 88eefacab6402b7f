/** Names of files in commands that are printed, so that they work when they are pasted into a shell. */

/** The name of a file as one word of a POSIX shell, also within double quotes where it stands in `$(…)`. */
export function shellWord(file: string): string {
  // What begins with a dash would be taken for an option.
  const name = file.startsWith("-") ? `./${file}` : file;
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
