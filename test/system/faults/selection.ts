/** The cases that `npm test` tries: one of each kind, and the smallest of it. All of them are `npm run test:faults`. */

/** Names of cases that strace or a small disk makes. */
export const SELECTION: readonly string[] = [
  "load, one thread: store/log write EIO 2 then SIGKILL",
  "load, one thread: store/log write EIO 2 then SIGTERM",
  "load, one thread: store/log fdatasync EIO 2 then SIGTERM",
  "load, probes only: store/log write ENOSPC 1 then SIGTERM",
  "load: store/log write SIGKILL 2 then SIGKILL",
  "load: marks openat EACCES 1+ then SIGKILL",
  "load: marks/file fsync,fdatasync EIO 1+ then SIGKILL",
  "load, mending: store/all read,pread64 none 3",
  "start: store/log openat EIO 2",
  "start: store/log read none 3",
  "start: store/manifest openat EMFILE 1",
  "start: store/opening link,linkat,mkdir,rename SIGKILL 3",
  "start: index openat EACCES 1+",
  "stop: marks write,pwrite64,fsync ENOSPC 1+",
  "audit: store openat nothing 1",
  "audit: store/log read none 2",
  "full disk: 2 ledgers, met by events, then SIGKILL",
  "full disk: 1 ledger, met by records, then SIGTERM",
];
