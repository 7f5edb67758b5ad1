/** The history of a draft, kept in this browser: undo goes on after a reload while the revision fits. */
import { EMPTY, type History, type Step } from "../document/history";

const DATABASE = "runnel";
const STORE = "history";

interface Stored {
  readonly revision: number;
  readonly etag: string;
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

/** Keep the history of a draft at a revision. A browser that forbids storage only loses it at the next reload. */
export async function keepHistory(name: string, revision: number, etag: string, history: History): Promise<void> {
  const stored: Stored = { revision, etag, done: history.done, undone: history.undone };
  await inStore("readwrite", (store) => store.put(stored, name)).catch(() => undefined);
}

/** The kept history; `lost` when there was one of another state of the draft. */
export async function loadHistory(
  name: string,
  revision: number,
  etag: string,
): Promise<{ history: History; lost: boolean }> {
  const stored = await inStore<Stored | undefined>("readonly", (store) => store.get(name)).catch(() => undefined);
  if (!stored) return { history: EMPTY, lost: false };
  if (stored.revision !== revision || stored.etag !== etag) return { history: EMPTY, lost: stored.done.length > 0 };
  return { history: { done: stored.done, undone: stored.undone }, lost: false };
}
