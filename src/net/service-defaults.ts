/** Where a service is and what its ledger is called when nothing else is said: to itself, to commands and to pages. */

/** Address and port. */
export const LISTEN_DEFAULT = "127.0.0.1:4600";
/** The ledger that a first start makes, and that commands and pages mean. */
export const LEDGER_DEFAULT = "main";
/** Folder of everything that is kept, under the working directory. */
export const DATA_DEFAULT = "data";
