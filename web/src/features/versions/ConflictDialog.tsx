import { useState } from "react";
import { http, Problem, segment } from "../../api/http";
import type { Draft } from "../../api/types";
import { useEditor, useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ago } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";
import { DiffPicture } from "./DiffPicture";
import { DiffText } from "./DiffText";
import { lineDifference } from "./lineDifference";
import { words } from "./words";

type Choice = "mine" | "theirs" | "copy";

/** The file was changed outside while there is a draft: the difference, and what to keep. */
export function ConflictDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const editor = useEditor();
  const conflict = useEditorState((state) => state.conflict);
  const scene = useEditorState((state) => state.scene);
  const [way, setWay] = useState("picture");
  const [busy, setBusy] = useState(false);
  if (!conflict) return null;
  const resolve = async (choice: Choice) => {
    setBusy(true);
    try {
      await editor.flush();
      const path = `/pipelines/${segment(editor.name)}/draft/resolve`;
      editor.load(await http.post<Draft>(path, { choice }));
      onOpenChange(false);
    } catch (error) {
      toast({ tone: "error", title: words.failed, detail: error instanceof Problem ? error.what : String(error) });
    }
    setBusy(false);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={words.conflict.title}
      description={words.conflict.description(ago(conflict.changed_at))}
      wide
      testid="conflict"
      foot={
        <>
          <Button look="ghost" onClick={() => onOpenChange(false)}>
            {words.conflict.later}
          </Button>
          <span className="flex-1" />
          <Button disabled={busy} onClick={() => resolve("copy")}>
            {words.conflict.copy}
          </Button>
          <Button disabled={busy} onClick={() => resolve("theirs")}>
            {words.conflict.theirs}
          </Button>
          <Button look="primary" disabled={busy} onClick={() => resolve("mine")}>
            {words.conflict.mine}
          </Button>
        </>
      }
    >
      <div className="mb-3 flex items-center gap-3">
        <Segmented
          label={words.conflict.title}
          value={way}
          onChange={setWay}
          segments={[
            { value: "picture", label: words.picture },
            { value: "text", label: words.text },
          ]}
        />
        <span className="text-muted text-xs">{words.conflict.legend}</span>
      </div>
      {way === "picture" && conflict.document ? (
        <DiffPicture old={conflict.document} now={scene.document} scene={scene} />
      ) : (
        <DiffText text={conflict.difference ?? lineDifference(conflict.text, "")} className="max-h-[50vh]" />
      )}
    </Dialog>
  );
}
