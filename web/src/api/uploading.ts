/** Files from this computer to the server, in parts that go on where they broke off. */
import { address, http, mutationHeaders, Problem, Unreachable } from "./http";

export interface DataFile {
  id: string;
  name: string;
  path: string | null;
  bytes: number;
  type: string;
  media_type: string | null;
  status: "completed" | "processing" | "failed";
  source: "upload" | "output" | "project";
  modified_at: string;
  error: string | null;
}

interface Begun {
  id: string;
  received: number;
  chunk_bytes: number;
}

export interface UploadOptions {
  /** Called with the share that is there, 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

const TRIES = 5;

/** Send a file and return what it became among the project's files; raises Problem or Unreachable. */
export async function uploadFile(file: File, { onProgress, signal }: UploadOptions = {}): Promise<DataFile> {
  const begun = await http.post<Begun>("/uploads", { name: file.name, bytes: file.size }, { signal });
  let received = 0;
  let tries = 0;
  while (received < file.size) {
    try {
      received = await sendPart(begun.id, file, received, begun.chunk_bytes, signal);
      tries = 0;
      onProgress?.(received / file.size);
    } catch (error) {
      tries += 1;
      if (!isWorthTrying(error) || tries >= TRIES) throw error;
      await pause(300 * 2 ** tries);
      received = (await http.get<Begun>(`/uploads/${begun.id}`, { signal })).received;
    }
  }
  onProgress?.(1);
  return http.post<DataFile>(`/uploads/${begun.id}/finish`, {}, { signal });
}

async function sendPart(id: string, file: File, offset: number, size: number, signal?: AbortSignal): Promise<number> {
  let response: Response;
  try {
    response = await fetch(address(`/uploads/${id}`, { offset }), {
      method: "PUT",
      body: file.slice(offset, offset + size),
      headers: { "Content-Type": "application/octet-stream", ...mutationHeaders() },
      credentials: "same-origin",
      signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(error);
  }
  const body: unknown = await response.json();
  if (!response.ok) throw new Problem(response.status, body as { what: string });
  return (body as Begun).received;
}

/** A part that came at the wrong place, or did not come, is sent again from where the server is. */
function isWorthTrying(error: unknown): boolean {
  return (
    error instanceof Unreachable ||
    (error instanceof Problem && ([408, 409].includes(error.status) || error.status >= 500))
  );
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
