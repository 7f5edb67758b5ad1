import { Shell } from "../Shell";

/** The editor of one pipeline. */
export function EditorPage() {
  return <Shell>{null}</Shell>;
}
