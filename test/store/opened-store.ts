/** Opens the store of a folder and closes it again, in a process that a test can kill on the way. */

import { LevelStore } from "../../src/store/level-store.ts";

const store = await LevelStore.open(process.argv[2] as string);
await store.close();
