/** A file to the server in parts, straight from the disk: never the whole of it in memory. */
import { address, http, mutationHeaders, Problem, segment } from "../../api/http";

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

const MAX_TRIES = 4;

async function sendPart(id: string, offset: number, part: Blob): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(address(`/uploads/${segment(id)}`, { offset }), {
        method: "PUT",
        headers: { ...mutationHeaders(), "Content-Type": "application/octet-stream" },
        body: part,
        credentials: "same-origin",
      });
      const body = (await response.json().catch(() => null)) as { received?: number; what?: string } | null;
      if (response.ok && typeof body?.received === "number") return body.received;
      if (response.status < 500 || attempt >= MAX_TRIES) throw new Problem(response.status, body as never);
    } catch (error) {
      if (error instanceof Problem || attempt >= MAX_TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt));
  }
}

/** Upload a file; the answer says where pipelines find it. */
export async function uploadFile(file: File, progress?: (share: number) => void): Promise<StoredFile> {
  const begun = await http.post<{ id: string; received: number; chunk_bytes: number }>("/uploads", {
    name: file.name,
    bytes: file.size,
  });
  let offset = begun.received;
  while (offset < file.size) {
    offset = await sendPart(begun.id, offset, file.slice(offset, offset + begun.chunk_bytes));
    progress?.(offset / file.size);
  }
  return http.post<StoredFile>(`/uploads/${segment(begun.id)}/finish`);
}
